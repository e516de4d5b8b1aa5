package main

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// told are the lines so far; children the addresses under each parent that are active.
var (
	told     = new(strings.Builder)
	children = map[string][]string{}
	expected []string // of each goroutine that parked: "goroutine N [state"
)

// about is what the program knows of a context it made.
type about struct {
	label, kind, goType, name string
	key, value, valueType     string
	own                       bool // it is a cancelCtx, or has one inside
	active                    bool
	under                     context.Context // in whose children map it is
}

// field is one of a JSON object; text is JSON itself.
type field struct{ name, text string }

func quoted(s string) string { return strconv.Quote(s) }

func or(given bool, text string) string {
	if !given {
		return "null"
	}
	return text
}

func line(fields ...field) {
	for i, one := range fields {
		told.WriteString([2]string{"{", ","}[min(i, 1)] + quoted(one.name) + ":" + one.text)
	}
	told.WriteString("}\n")
}

func list(words []string) string {
	for i := range words {
		words[i] = quoted(words[i])
	}
	return "[" + strings.Join(words, ",") + "]"
}

func hex(p unsafe.Pointer) string { return "0x" + strconv.FormatUint(uint64(uintptr(p)), 16) }

func chanAddr(c chan int) string { return hex(*(*unsafe.Pointer)(unsafe.Pointer(&c))) }

func addr(ctx context.Context) string {
	if ctx == context.Background() || ctx == nil {
		return "background"
	}
	return hex((*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1])
}

// doneAddr is the channel of a context's own; asking makes it.
func doneAddr(ctx context.Context) string {
	done := ctx.Done()
	return hex(*(*unsafe.Pointer)(unsafe.Pointer(&done)))
}

// say tells of a context what its own methods say, and what the program knows; its children have been told before.
func say(its about, ctx, parent context.Context) {
	if its.name == "" {
		its.name = ctx.(interface{ String() string }).String()
	}
	state, err, cause := "active", ctx.Err(), context.Cause(ctx)
	switch {
	case err == context.DeadlineExceeded:
		state = "expired"
	case err != nil:
		state = "canceled"
	case ctx.Done() == nil:
		state = "never"
	}
	if its.active != (its.own && state == "active") {
		panic(its.label + " is " + state)
	}
	if its.under != nil {
		children[addr(its.under)] = append(children[addr(its.under)], addr(ctx))
	}
	fields := []field{{"type", quoted("context")}, {"addr", quoted(addr(ctx))}, {"label", quoted(its.label)},
		{"kind", quoted(its.kind)}, {"go_type", quoted(its.goType)}, {"name", quoted(its.name)},
		{"parent", or(parent != nil, quoted(addr(parent)))}, {"state", quoted(state)}, {"err", "null"}, {"cause", "null"}, {"own_cause", "null"}}
	if err != nil {
		fields[8].text, fields[9].text, fields[10].text = quoted(err.Error()), quoted(cause.Error()), quoted(cause.Error())
	}
	due, _ := ctx.Deadline()
	fields = append(fields, field{"deadline", or(its.kind == "timer", quoted(due.UTC().Format(time.RFC3339Nano)))},
		field{"children", or(its.own && children[addr(ctx)] != nil, list(children[addr(ctx)]))},
		field{"done", or(its.own, quoted(doneAddr(ctx)))},
		field{"key", or(its.kind == "value", quoted(its.key))}, field{"key_type", or(its.kind == "value", quoted("main.key"))},
		field{"value", or(its.kind == "value", quoted(its.value))}, field{"value_type", or(its.kind == "value", quoted(its.valueType))})
	line(fields...)
}

func stacks(all bool) string {
	buf := make([]byte, 1<<18)
	return string(buf[:runtime.Stack(buf, all)])
}

// park starts a goroutine of f, which calls begin and then waits in that state.
func park(label, state string, f func(begun chan<- int, first, second context.Context), first, second context.Context) {
	begun := make(chan int)
	parked = label
	go f(begun, first, second)
	expected = append(expected, "goroutine "+strconv.Itoa(<-begun)+" ["+state)
}

var parked string // the label of the goroutine that is about to begin

// begin tells of the calling goroutine that it receives from a context's done channel, unless that is nil, and uses other channels.
//
//go:noinline
func begin(begun chan<- int, ctx context.Context, others ...string) {
	goid, _ := strconv.Atoi(strings.Fields(stacks(false))[1])
	var waits, ctxs []string
	if ctx != nil {
		waits = append(waits, `{"chan":`+quoted(doneAddr(ctx))+`,"op":"recv"}`)
		ctxs = append(ctxs, addr(ctx))
	}
	for _, one := range others {
		op := `,"op":"recv"}`
		if parked == "stuck" {
			op = `,"op":"send"}`
		}
		waits = append(waits, `{"chan":`+quoted(one)+op)
	}
	line(field{"type", quoted("parked")}, field{"goid", strconv.Itoa(goid)}, field{"label", quoted(parked)},
		field{"waits", "[" + strings.Join(waits, ",") + "]"}, field{"waits_ctx", list(ctxs)})
	begun <- goid
}

// finish prints all lines from a goroutine of its own while the caller already waits for the end of input, which is when
// it returns. The printing goroutine ends with its thread.
func finish() {
	line(field{"type", quoted("header")}, field{"go", quoted(runtime.Version())}, field{"program", quoted("small")},
		field{"pid", strconv.Itoa(syscall.Getpid())})
	expected = append(expected, "goroutine 1 [syscall")
	locked := make(chan bool)
	go func() {
		runtime.LockOSThread()
		locked <- true
		print()
	}()
	<-locked
	runtime.UnlockOSThread()
	waitForInput()
}

//go:noinline
func waitForInput() {
	var buf [64]byte
	for {
		if n, err := syscall.Read(0, buf[:]); n == 0 || err != nil && err != syscall.EINTR {
			return
		}
	}
}

// print waits until everybody is where it should be.
func print() {
	all := stacks(true)
	for !settled(all) {
		runtime.Gosched()
		all = stacks(true)
	}
	line(field{"type", quoted("traceback")}, field{"text", quoted(all)})
	runtime.GC()
	runtime.GC()
	told.WriteString("READY tid=" + strconv.Itoa(syscall.Gettid()) + "\n")
	for left := told.String(); left != ""; {
		n, err := syscall.Write(1, []byte(left))
		if err != nil {
			panic(err)
		}
		left = left[n:]
	}
}

func settled(all string) bool {
	for _, one := range expected {
		if !strings.Contains(all, one) {
			return false
		}
	}
	return true
}
