package truth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

// Context is one line of truth. Unknown and absent are null. All but Err,
// Cause, Name and State is read from the struct itself; Err and State are what
// the context's own methods say.
type Context struct {
	Type      string   `json:"type"` // "context"
	Addr      string   `json:"addr"`
	Label     string   `json:"label"` // the program's own name for it, may be empty
	Kind      string   `json:"kind"`
	GoType    string   `json:"go_type"`
	Name      string   `json:"name"`
	Parent    *string  `json:"parent"`
	State     *string  `json:"state"` // null where asking panics
	Err       *string  `json:"err"`
	Cause     *string  `json:"cause"`     // what context.Cause says, Go 1.20 and later
	OwnCause  *string  `json:"own_cause"` // of the context's own field
	Deadline  *string  `json:"deadline"`  // its own, not an ancestor's
	Children  []string `json:"children"`  // null: it has no map
	Done      *string  `json:"done"`      // channel of its own done field
	Key       *string  `json:"key"`
	KeyType   *string  `json:"key_type"`
	Value     *string  `json:"value"`
	ValueType *string  `json:"value_type"`
}

var (
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	errorType   = reflect.TypeOf((*error)(nil)).Elem()
)

var stdKinds = map[string]string{
	"context.backgroundCtx":    "background",
	"context.todoCtx":          "todo",
	"*context.cancelCtx":       "cancel",
	"*context.timerCtx":        "timer",
	"*context.valueCtx":        "value",
	"context.withoutCancelCtx": "without_cancel",
	"*context.afterFuncCtx":    "after_func",
	"context.stopCtx":          "stop",
}

// data returns the second word of an interface.
func data(ctx context.Context) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1]
}

func hex(p unsafe.Pointer) string { return fmt.Sprintf("0x%x", uintptr(p)) }

// kindOf names the kind of a context. Before Go 1.21 Background and TODO are
// one type and differ by address.
func kindOf(ctx context.Context) string {
	switch name := fmt.Sprintf("%T", ctx); {
	case stdKinds[name] != "":
		return stdKinds[name]
	case name == "*context.emptyCtx" && ctx == context.Background():
		return "background"
	case name == "*context.emptyCtx" && ctx == context.TODO():
		return "todo"
	}
	return "custom"
}

// addrOf is a context's identity in the truth.
func addrOf(ctx context.Context) string {
	switch kind := kindOf(ctx); kind {
	case "background", "todo":
		return kind
	}
	return hex(data(ctx))
}

// Addr is what the truth calls a context.
func Addr(ctx context.Context) string { return addrOf(ctx) }

// body returns the addressable struct of a context, never a copy of it. A
// type that is no struct or pointer to one has none.
func body(ctx context.Context) (reflect.Value, bool) {
	t := reflect.TypeOf(ctx)
	if t.Kind() == reflect.Ptr {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || data(ctx) == nil {
		return reflect.Value{}, false
	}
	return reflect.NewAt(t, data(ctx)).Elem(), true
}

func pointer(field reflect.Value) unsafe.Pointer { return unsafe.Pointer(field.UnsafeAddr()) }

// field returns a field of a context's struct by name, also a promoted one.
func field(ctx context.Context, name string) (reflect.Value, bool) {
	s, ok := body(ctx)
	if !ok {
		return reflect.Value{}, false
	}
	f := s.FieldByName(name)
	return f, f.IsValid()
}

// parentOf reads the parent from a context's struct, nil when it has none.
func parentOf(ctx context.Context) context.Context {
	s, ok := body(ctx)
	if !ok {
		return nil
	}
	for _, find := range []func(reflect.Value) (unsafe.Pointer, bool){embedded, held, heldBehind} {
		if p, ok := find(s); ok {
			return *(*context.Context)(p)
		}
	}
	return nil
}

// embedded finds a Context that is embedded in a struct, at any depth.
func embedded(s reflect.Value) (unsafe.Pointer, bool) {
	for i := 0; i < s.NumField(); i++ {
		f := s.Type().Field(i)
		if !f.Anonymous {
			continue
		}
		if f.Type == contextType {
			return pointer(s.Field(i)), true
		}
		if f.Type.Kind() == reflect.Struct {
			if p, ok := embedded(s.Field(i)); ok {
				return p, true
			}
		}
	}
	return nil, false
}

// held finds a Context in a named field of a struct.
func held(s reflect.Value) (unsafe.Pointer, bool) {
	for i := 0; i < s.NumField(); i++ {
		if s.Type().Field(i).Type == contextType {
			return pointer(s.Field(i)), true
		}
	}
	return nil, false
}

// heldBehind finds a Context in a struct that a field points to, as a
// framework's context reaches its request's.
func heldBehind(s reflect.Value) (unsafe.Pointer, bool) {
	for i := 0; i < s.NumField(); i++ {
		t := s.Type().Field(i).Type
		if t.Kind() != reflect.Ptr || t.Elem().Kind() != reflect.Struct || s.Field(i).IsNil() {
			continue
		}
		target := *(*unsafe.Pointer)(pointer(s.Field(i)))
		if p, ok := held(reflect.NewAt(t.Elem(), target).Elem()); ok {
			return p, true
		}
	}
	return nil, false
}

// childrenOf reads the children map; nil when there is none.
func childrenOf(ctx context.Context) []context.Context {
	if kindOf(ctx) == "custom" {
		return nil
	}
	f, ok := field(ctx, "children")
	if !ok || f.Kind() != reflect.Map || f.IsNil() {
		return nil
	}
	children := []context.Context{}
	for _, key := range f.MapKeys() {
		child := key.Elem() // always a pointer to a struct of package context
		child = reflect.NewAt(child.Type().Elem(), unsafe.Pointer(child.Pointer()))
		children = append(children, child.Interface().(context.Context))
	}
	return children
}

// describe makes the line of a context.
func describe(ctx context.Context) *Context {
	line := &Context{
		Type:   "context",
		Addr:   addrOf(ctx),
		Kind:   kindOf(ctx),
		GoType: fmt.Sprintf("%T", ctx),
		Name:   nameOf(ctx),
	}
	if parent := parentOf(ctx); parent != nil {
		line.Parent = text(addrOf(parent))
	}
	if children := childrenOf(ctx); children != nil {
		line.Children = []string{}
		for _, child := range children {
			line.Children = append(line.Children, addrOf(child))
		}
	}
	describeEnd(ctx, line)
	if line.Kind == "value" {
		line.Key, line.KeyType = show(ctx, "key")
		line.Value, line.ValueType = show(ctx, "val")
	}
	return line
}

// describeEnd fills in how and when a context ends or ended.
func describeEnd(ctx context.Context, line *Context) {
	if err, never, ok := ask(ctx); ok {
		line.Err = errText(err)
		line.State = stateOf(err, never)
	}
	line.Cause = causeWithin(ctx)
	if f, ok := field(ctx, "done"); ok && line.Kind == "custom" && f.Type() == reflect.TypeOf((chan struct{})(nil)) {
		// A Done of its own: the channel is the struct's only one.
		line.Done = text(hex(*(*unsafe.Pointer)(pointer(f))))
	}
	if line.Kind != "cancel" && line.Kind != "timer" && line.Kind != "after_func" {
		return
	}
	if f, ok := field(ctx, "done"); ok {
		line.Done = doneText((*atomic.Value)(pointer(f)))
	}
	if f, ok := field(ctx, "cause"); ok && f.Type() == errorType {
		line.OwnCause = errText(*(*error)(pointer(f)))
	}
	if line.Kind == "timer" {
		f, _ := field(ctx, "deadline")
		line.Deadline = text((*(*time.Time)(pointer(f))).UTC().Format(time.RFC3339Nano))
	}
}

// ask tells what Err says, and whether Done is nil. A context with a nil one inside
// cannot be asked.
func ask(ctx context.Context) (err error, never, ok bool) {
	defer func() { ok = recover() == nil }()
	if kind := kindOf(ctx); kind == "cancel" || kind == "timer" || kind == "after_func" {
		return ctx.Err(), false, true // asking for Done would make the channel
	}
	return ctx.Err(), noDone(ctx), true
}

// noDone tells whether Done is nil, and makes no channel by that.
func noDone(ctx context.Context) bool {
	for ctx != nil {
		switch kindOf(ctx) {
		case "cancel", "timer", "after_func":
			return false
		case "custom":
			if _, own := field(ctx, "done"); own || parentOf(ctx) == nil {
				return ctx.Done() == nil
			}
		case "background", "todo", "without_cancel":
			return true
		}
		ctx = parentOf(ctx)
	}
	return true
}

// causeWithin is what context.Cause says of the context inside.
func causeWithin(ctx context.Context) *string {
	for ctx != nil && kindOf(ctx) == "custom" {
		ctx = parentOf(ctx)
	}
	if ctx == nil || ctx.Err() == nil {
		return nil
	}
	return errText(causeOf(ctx))
}

// stateOf is the word that goctx has for a context's state.
func stateOf(err error, never bool) *string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return text("expired")
	case err != nil:
		return text("canceled")
	case never:
		return text("never")
	}
	return text("active")
}

func doneText(done *atomic.Value) *string {
	if c, ok := done.Load().(chan struct{}); ok {
		return text(hex(*(*unsafe.Pointer)(unsafe.Pointer(&c))))
	}
	return nil
}

// nameOf is the name that package context itself would use.
func nameOf(ctx context.Context) string {
	if s, ok := ctx.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", ctx)
}

// show prints a key or value of a value context and its type. A value that
// is a pointer is "&" and what it leads to.
func show(ctx context.Context, name string) (value, typ *string) {
	f, ok := field(ctx, name)
	if !ok {
		fail("a value context without field %s", name)
	}
	v := *(*interface{})(pointer(f))
	if v == nil {
		return text("<nil>"), nil
	}
	typ = text(fmt.Sprintf("%T", v))
	r := reflect.ValueOf(v)
	if name == "val" && r.Kind() == reflect.Ptr && !r.IsNil() {
		return text(fmt.Sprintf("&%+v", r.Elem().Interface())), typ
	}
	switch r.Kind() {
	case reflect.Ptr, reflect.Chan, reflect.Func, reflect.Map, reflect.UnsafePointer:
		return text(fmt.Sprintf("0x%x", r.Pointer())), typ
	}
	return text(fmt.Sprintf("%+v", v)), typ
}

func text(s string) *string { return &s }

func errText(err error) *string {
	if err == nil {
		return nil
	}
	return text(err.Error())
}

func programName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}
