// Program cancelers has contexts whose cancel is kept in different ways. For
// each it prints its address, its label and what can still cancel it
//
//	{"type":"cancelers","label":…,"addr":…,"kinds":[…],"closure":…,"held":…,"by":…,"goid":…}
//
// "closure" is its CancelFunc as the program has it, null where there is none
// any more; "held" and "by" say what holds it: a word of it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
	"unsafe"
)

type record struct {
	Type    string   `json:"type"`
	Label   string   `json:"label"`
	Addr    string   `json:"addr"`
	Kinds   []string `json:"kinds"`
	Closure *string  `json:"closure"`
	Held    *string  `json:"held"`
	By      string   `json:"by"`
	Goid    int64    `json:"goid"`
}

type service struct {
	name   string
	cancel context.CancelFunc
}

// foreign has a Done of its own: contexts on it are cancelled by a goroutine.
type foreign struct {
	context.Context
	done chan struct{}
}

func (f *foreign) Done() <-chan struct{}             { return f.done }
func (f *foreign) Value(key interface{}) interface{} { return nil }

var (
	kept     context.CancelFunc
	first    context.CancelFunc
	second   *service
	app      *service
	contexts []context.Context // so that dropping a CancelFunc does not drop its context
	ledger   []record
	over     = make(chan struct{})
	forever  = make(chan int)
)

// word is the data word of an interface or the address of a closure.
func word(ctx context.Context) string {
	return fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])
}

func note(label string, ctx context.Context, cancel context.CancelFunc, held, by string, kinds ...string) {
	r := record{Type: "cancelers", Label: label, Addr: word(ctx), Kinds: kinds, By: by}
	if cancel != nil {
		a := fmt.Sprintf("0x%x", *(*uintptr)(unsafe.Pointer(&cancel)))
		r.Closure, r.Held = &a, &held
	}
	contexts = append(contexts, ctx)
	ledger = append(ledger, r)
}

//go:noinline
func inGlobal() {
	var ctx context.Context
	ctx, kept = context.WithCancel(context.Background())
	note("global", ctx, kept, "path", "global main.kept", "func")
}

//go:noinline
func inBoth() {
	var ctx context.Context
	ctx, first = context.WithCancel(context.Background())
	second = &service{name: "second", cancel: first}
	note("both", ctx, first, "path", "global main.first", "func")
}

//go:noinline
func inStruct() {
	var ctx context.Context
	app = &service{name: "app"}
	ctx, app.cancel = context.WithTimeout(context.Background(), 10*time.Hour)
	note("struct", ctx, app.cancel, "path", "global main.app → .cancel", "func", "timer")
}

//go:noinline
func dropped() {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	note("dropped", ctx, nil, "", "")
	child, cancel := context.WithCancel(ctx)
	_ = cancel
	note("dropped below", child, nil, "", "")
}

//go:noinline
func droppedTimer() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Hour)
	_ = cancel
	note("dropped timer", ctx, nil, "", "", "timer")
}

//go:noinline
func canceled() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	note("canceled", ctx, nil, "", "")
}

//go:noinline
func watched() {
	ctx, cancel := context.WithCancel(&foreign{context.Background(), over})
	_ = cancel
	note("watched", ctx, nil, "", "", "watcher")
}

// unreached leaves an allocated closure that nothing refers to: no collection comes after it.
//
//go:noinline
func unreached() {
	ctx, cancel := context.WithCancel(context.Background())
	note("unreached", ctx, cancel, "nothing", "", "func")
}

func goid() (id int64) {
	var buf [64]byte
	fmt.Sscanf(string(buf[:runtime.Stack(buf[:], false)]), "goroutine %d ", &id)
	return id
}

// openCoded parks with one deferred cancel, which an optimizing compiler open-codes.
func openCoded(parked chan bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	note("deferred", ctx, cancel, "deferred", "main.openCoded main.go:", "func")
	ledger[len(ledger)-1].Goid = goid()
	close(parked)
	<-forever
}

// inLoop has defer records.
func inLoop(parked chan bool) {
	for i := 0; i < 2; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Hour)
		defer cancel()
		note(fmt.Sprint("deferred in a loop ", i), ctx, cancel, "deferred", "main.inLoop main.go:", "func", "timer")
		ledger[len(ledger)-1].Goid = goid()
	}
	close(parked)
	<-forever
}

// scrub overwrites what calls have left on the stack.
//
//go:noinline
func scrub(depth int) int {
	var words [512]int
	for i := range words {
		words[i] = depth
	}
	if depth > 0 {
		return scrub(depth-1) + words[depth%512]
	}
	return words[7]
}

func start(f func(chan bool)) {
	parked := make(chan bool)
	go f(parked)
	<-parked
}

func main() {
	inGlobal()
	inStruct()
	inBoth()
	dropped()
	droppedTimer()
	canceled()
	watched()
	start(openCoded)
	start(inLoop)
	scrub(20)
	runtime.GC()
	runtime.GC()
	unreached()
	scrub(20)
	out := json.NewEncoder(os.Stdout)
	header := map[string]interface{}{"type": "header", "go": runtime.Version(), "program": "cancelers", "pid": os.Getpid()}
	if out.Encode(header) != nil {
		os.Exit(1)
	}
	for _, r := range ledger {
		if out.Encode(r) != nil {
			os.Exit(1)
		}
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	close(over)
}
