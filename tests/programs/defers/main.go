// Program defers has goroutines parked with deferred calls that are still to
// run. Each says which, in the order in which they would run:
// {"type":"defer"} with the function value and its code where the program can
// know them, then READY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"time"
	"unsafe"
)

type record struct {
	Type     string  `json:"type"`
	Scenario string  `json:"scenario"`
	Goid     int64   `json:"goid"`
	Fn       *string `json:"fn"`
	Code     *string `json:"code"`
	Open     *bool   `json:"open"` // when optimized; null: not to be told from here
}

var (
	out     = json.NewEncoder(os.Stdout)
	forever = make(chan int)
	no      = false
	nobody  *int
	sink    int
)

//go:noinline
func park() { <-forever }

func goid() (id int64) {
	var buf [64]byte
	fmt.Sscanf(string(buf[:runtime.Stack(buf[:], false)]), "goroutine %d ", &id)
	return id
}

// t records what one goroutine expects.
type t struct {
	scenario string
	list     []record
	parked   chan bool
	never    chan int
}

// is tells of a pending call whose function value is f.
func (x *t) is(f func(), open bool) {
	fn := *(*uintptr)(unsafe.Pointer(&f))
	a, c := fmt.Sprintf("0x%x", fn), fmt.Sprintf("0x%x", *(*uintptr)(unsafe.Pointer(fn)))
	x.list = append(x.list, record{Fn: &a, Code: &c, Open: &open})
}

// one is a pending call of which the program knows no more.
func (x *t) one(open bool) { x.list = append(x.list, record{Open: &open}) }

// done says that the goroutine parks now.
func (x *t) done() {
	id := goid()
	for i := range x.list {
		x.list[i].Type, x.list[i].Scenario, x.list[i].Goid = "defer", x.scenario, id
	}
	x.list = append(x.list, record{Type: "parked", Scenario: x.scenario, Goid: id})
	close(x.parked)
}

// closure makes function values that are all different.
//
//go:noinline
func closure(n int) func() { return func() { sink += n } }

var scenarios = map[string]func(*t){
	"plain":       plain,
	"conditional": conditional,
	"not-yet":     notYet,
	"loop":        loop,
	"nine":        nine,
	"eight":       eight,
	"cancel":      cancels,
	"nested":      nested,
	"at-exit":     atExit,
	"panic":       panicking,
	"recovered":   recovered,
	"trap":        trap,
	"goexit":      goexit,
	"arguments":   arguments,
	"big-frame":   bigFrame,
	"none":        none,
	"re-panic":    rePanic,
}

func none(x *t) {
	x.done()
	park()
}

func plain(x *t) {
	a, b, c := closure(1), closure(2), closure(3)
	defer a()
	defer b()
	defer c()
	x.is(c, true)
	x.is(b, true)
	x.is(a, true)
	x.done()
	park()
}

func conditional(x *t) {
	a, b, c := closure(1), closure(2), closure(3)
	defer a()
	if no {
		defer b()
	}
	defer c()
	x.is(c, true)
	x.is(a, true)
	x.done()
	park()
}

func notYet(x *t) {
	a, b := closure(1), closure(2)
	defer a()
	x.is(a, true)
	x.done()
	park()
	defer b()
}

func loop(x *t) {
	var fs []func()
	for i := 0; i < 20; i++ {
		fs = append(fs, closure(i))
		defer fs[i]()
	}
	for i := len(fs) - 1; i >= 0; i-- {
		x.is(fs[i], false)
	}
	x.done()
	park()
}

func nine(x *t) {
	f := closure(1)
	defer f()
	defer f()
	defer f()
	defer f()
	defer f()
	defer f()
	defer f()
	defer f()
	defer f()
	for i := 0; i < 9; i++ {
		x.is(f, false)
	}
	x.done()
	park()
}

func eight(x *t) {
	f, g := closure(1), closure(2)
	defer f()
	defer g()
	defer f()
	defer g()
	defer f()
	defer g()
	defer f()
	defer g()
	for i := 0; i < 4; i++ {
		x.is(g, true)
		x.is(f, true)
	}
	x.done()
	select {
	case <-forever:
	case <-x.never:
	}
}

func cancels(x *t) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, stop := context.WithTimeout(ctx, time.Hour)
	defer stop()
	x.is(stop, true)
	x.is(cancel, true)
	x.done()
	<-ctx.Done()
}

//go:noinline
func inner(x *t, f, g func()) {
	defer f()
	innermost(x, g)
	sink++
}

//go:noinline
func innermost(x *t, g func()) {
	for i := 0; i < 2; i++ {
		defer g()
	}
	x.done()
	park()
}

func nested(x *t) {
	a, b, c := closure(1), closure(2), closure(3)
	defer a()
	x.is(c, false)
	x.is(c, false)
	x.is(b, true)
	x.is(a, true)
	inner(x, b, c)
	sink++
}

// What runs is pending no more.
func atExit(x *t) {
	a, b := closure(1), closure(2)
	defer a()
	defer func() {
		x.is(a, true)
		x.done()
		park()
	}()
	defer b()
}

//go:noinline
func throws(f func()) {
	defer f()
	panic("thrown")
}

func panicking(x *t) {
	a, b, c := closure(1), closure(2), closure(3)
	defer a()
	defer b()
	defer func() {
		x.is(b, true)
		x.is(a, true)
		x.done()
		park()
	}()
	throws(c)
}

//go:noinline
func catches(f func()) {
	defer f()
	defer func() { recover() }()
	throws(f)
}

func recovered(x *t) {
	a, b := closure(1), closure(2)
	defer a()
	catches(b)
	defer b()
	x.is(b, true)
	x.is(a, true)
	x.done()
	park()
}

//go:noinline
func traps(x *t, f func()) {
	defer func() {
		x.done()
		park()
	}()
	defer f()
	sink = *nobody
}

func trap(x *t) {
	a, b := closure(1), closure(2)
	defer a()
	x.is(a, true)
	traps(x, b)
	sink++
}

func goexit(x *t) {
	a, b := closure(1), closure(2)
	defer a()
	defer func() {
		x.is(a, true)
		x.done()
		park()
	}()
	defer b()
	runtime.Goexit()
}

// A panic while a deferred call of another panic runs.
func rePanic(x *t) {
	a, b := closure(1), closure(2)
	defer a()
	defer func() {
		defer func() {
			x.is(a, true)
			x.done()
			park()
		}()
		panic("second")
	}()
	throws(b)
}

//go:noinline
func take(n int, s string) { sink += n + len(s) }

func arguments(x *t) {
	defer take(len(os.Args), x.scenario)
	defer x.one(true)
	x.one(true)
	x.one(true)
	x.done()
	park()
}

//go:noinline
func touch(p *[5000]int) { p[len(os.Args)]++ }

func bigFrame(x *t) {
	var big [5000]int
	f := closure(1)
	defer f()
	touch(&big)
	x.is(f, true)
	x.done()
	park()
	touch(&big)
}

func main() {
	var names []string
	for name := range scenarios {
		names = append(names, name)
	}
	sort.Strings(names)
	var all []*t
	for _, name := range names {
		x := &t{scenario: name, parked: make(chan bool), never: make(chan int)}
		all = append(all, x)
		go func(f func(*t)) {
			defer func() { recover() }() // never reached: it parks
			f(x)
		}(scenarios[name])
		<-x.parked
	}
	settled(len(names))
	for _, x := range all {
		for _, r := range x.list {
			out.Encode(r)
		}
	}
	fmt.Println("READY")
	os.Stdin.Read(make([]byte, 1))
}

// settled waits until so many goroutines are parked.
func settled(n int) {
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		buf := make([]byte, 1<<20)
		buf = buf[:runtime.Stack(buf, true)]
		if count(buf, " [chan receive")+count(buf, " [select") >= n {
			return
		}
	}
	panic("does not settle")
}

func count(buf []byte, what string) (n int) {
	for i := 0; i+len(what) <= len(buf); i++ {
		if string(buf[i:i+len(what)]) == what {
			n++
		}
	}
	return n
}
