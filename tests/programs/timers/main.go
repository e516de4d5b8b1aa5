// Program timers has objects and contexts that timers hold: timers that will
// fire, and timers that were stopped and lie in the heap of a P until it is
// swept. For each it prints
//
//	{"type":"timers","label":…,"addr":…,"root":…,"kept":…}
//
// "root" is what holds it, "stopped timer" or "timer", or "stack" for what a
// goroutine holds. "kept" says of items, which have finalizers, whether the
// collector keeps them; it is always true of the rest.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

const (
	armed   = 400 // so many that the P does not sweep the few that are stopped
	stopped = 60
	long    = 5 * time.Hour
)

type item struct {
	number int
	next   *item
	pad    [6]int
}

type record struct {
	Type  string `json:"type"`
	Label string `json:"label"`
	Addr  string `json:"addr"`
	Root  string `json:"root"`
	Kept  bool   `json:"kept"`
}

var (
	ledger    []record
	collected [stopped]uint32
	forever   = make(chan struct{})
	use       = func(*item) {}
)

func note(label, root string, addr uintptr) {
	ledger = append(ledger, record{"timers", label, fmt.Sprintf("0x%x", addr), root, true})
}

func word(ctx context.Context) uintptr { return (*[2]uintptr)(unsafe.Pointer(&ctx))[1] }

//go:noinline
func calls(label string) {
	it := &item{number: 1}
	time.AfterFunc(long, func() { use(it) })
	note(label, "timer", uintptr(unsafe.Pointer(it)))
}

//go:noinline
func deadline(label string) {
	ctx, cancel := context.WithTimeout(context.Background(), long)
	_ = cancel
	note(label, "timer", word(ctx))
}

//go:noinline
func ended(label string) context.CancelFunc {
	ctx, cancel := context.WithTimeout(context.Background(), long)
	note(label, "stopped timer", word(ctx))
	return cancel
}

//go:noinline
func stops(label string, i int) *time.Timer {
	it := &item{number: i}
	runtime.SetFinalizer(it, func(*item) { atomic.StoreUint32(&collected[i], 1) })
	note(label, "stopped timer", uintptr(unsafe.Pointer(it)))
	return time.AfterFunc(long, func() { use(it) })
}

// ping is what every look through a P used to end at: its ticker leads there.
//
//go:noinline
func ping(ready chan<- bool) {
	ticker := time.NewTicker(long)
	defer ticker.Stop()
	it := &item{number: 2}
	note("of a goroutine with a ticker", "stack", uintptr(unsafe.Pointer(it)))
	ready <- true
	for {
		select {
		case <-ticker.C:
			use(it)
		case <-forever:
			use(it)
			return
		}
	}
}

// clear overwrites what calls have left on the stack.
//
//go:noinline
func clear() int {
	var room [4096]int
	for i := range room {
		room[i] = i
	}
	return room[len(ledger)%len(room)]
}

// stopOne makes two timers, one behind them that stays, and stops the two: at
// the end of its heap a P sweeps timers as soon as another is added.
//
//go:noinline
func stopOne(i int) {
	cancel := ended("canceled before its deadline")
	timer := stops("called by a timer that was stopped", i)
	deadline("context with a deadline")
	cancel()
	timer.Stop()
}

//go:noinline
func fill() {
	for i := 0; i < armed; i++ {
		deadline("context with a deadline")
	}
	calls("called by a timer")
	for i := 0; i < stopped; i++ {
		stopOne(i)
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	ready := make(chan bool)
	go ping(ready)
	<-ready
	fill()
	clear()
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	collector := make(chan bool)
	sentinel := &item{number: 3}
	runtime.SetFinalizer(sentinel, func(*item) { close(collector) })
	sentinel = nil
	runtime.GC()
	<-collector // finalizers run in their order
	number := 0
	out := json.NewEncoder(os.Stdout)
	for _, one := range ledger {
		if one.Label == "called by a timer that was stopped" {
			one.Kept = atomic.LoadUint32(&collected[number]) == 0
			number++
		}
		if err := out.Encode(one); err != nil {
			panic(err)
		}
	}
	fmt.Println("READY")
	_, _ = io.Copy(io.Discard, os.Stdin)
	close(forever)
}
