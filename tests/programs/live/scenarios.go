package main

import (
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
)

type maker func(label string) *Obj

// scenarios run as a goroutine each; they close started just before they park.
var scenarios = map[string]func(maker, chan bool){
	"local":        local,
	"two-hops":     twoHops,
	"stack-object": stackObject,
	"nested":       nested,
	"dead-object":  deadObject,
	"array":        array,
	"closure":      closure,
	"by-reference": byReference,
	"interface":    iface,
	"argument":     argument,
	"result":       result,
	"defer-open":   deferOpen,
	"defer-loop":   deferLoop,
	"defer-record": deferRecord,
	"recursion":    recursion,
	"method-value": methodValue,
	"reflect-call": reflectCall,
	"make-func":    makeFunc,
	"select":       selecting,
	"mutex":        locking,
	"syscall":      inSyscall,
	"trap":         trap,
	"panic":        panicking,
	"branches":     branches,
	"many":         many,
	"in-interface": inInterface,
	"empty-select": emptySelect,
	"variadic":     variadic,
	"big-frame":    bigFrame,
	"growing":      growing,
}

//go:noinline
func local(make maker, started chan bool) {
	dead, live := make("dead"), make("live")
	use(dead)
	close(started)
	clear(1)
	park()
	use(live)
}

func twoHops(make maker, started chan bool) {
	p := make("first")
	p.Other = make("second")
	close(started)
	clear(1)
	park()
	use(p.Other)
}

type pair struct {
	n    int
	a, b *Obj
	next *pair
}

//go:noinline
func fill(s *pair, a, b *Obj) { s.a, s.b = a, b }

//go:noinline
func usePair(s *pair) {
	for ; s != nil; s = s.next {
		use(s.a)
	}
}

// Its address is taken: the whole struct lives as long as a pointer to it.
func stackObject(make maker, started chan bool) {
	var s pair
	fill(&s, make("a"), make("b"))
	close(started)
	clear(1)
	park()
	usePair(&s)
}

// Only through one does the other live.
func nested(make maker, started chan bool) {
	var outer, inner, lone pair
	fill(&inner, make("inner.a"), make("inner.b"))
	fill(&outer, make("outer.a"), make("outer.b"))
	fill(&lone, make("lone.a"), make("lone.b"))
	link(&outer, &inner)
	usePair(&lone)
	close(started)
	clear(1)
	parkWith(&outer)
}

//go:noinline
func link(p, q *pair) { p.next = q }

//go:noinline
func parkWith(p *pair) {
	park()
	usePair(p)
}

func deadObject(make maker, started chan bool) {
	var s pair
	fill(&s, make("a"), make("b"))
	usePair(&s)
	close(started)
	clear(1)
	park()
}

//go:noinline
func useSlice(s []*Obj) {
	for _, p := range s {
		use(p)
	}
}

func array(make maker, started chan bool) {
	var a [5]*Obj
	for i, label := range []string{"0", "1", "2", "3", "4"} {
		a[i] = make(label)
	}
	s := a[1:3]
	useSlice(s)
	close(started)
	clear(1)
	park()
	useSlice(s)
}

//go:noinline
func call(f func()) { f() }

//go:noinline
func parkAndCall(f func()) {
	park()
	f()
}

func closure(make maker, started chan bool) {
	p, q := make("captured"), make("not")
	use(q)
	f := func() { use(p) }
	call(f)
	close(started)
	clear(1)
	parkAndCall(f)
}

func byReference(make maker, started chan bool) {
	p := make("first")
	f := func() { use(p) }
	g := func() { p = make("second") }
	call(g)
	close(started)
	clear(1)
	parkAndCall(f)
}

func iface(make maker, started chan bool) {
	var v, w interface{} = make("v"), make("w")
	if p, ok := w.(*Obj); ok {
		use(p)
	}
	close(started)
	clear(1)
	park()
	if p, ok := v.(*Obj); ok {
		use(p)
	}
}

//go:noinline
func withArguments(started chan bool, before, after *Obj) {
	use(before)
	close(started)
	clear(1)
	park()
	use(after)
}

func argument(make maker, started chan bool) {
	withArguments(started, make("before"), make("after"))
}

//go:noinline
func named(make maker, started chan bool) (p *Obj) {
	defer func() { recover() }()
	p = make("result")
	close(started)
	clear(1)
	park()
	return p
}

func result(make maker, started chan bool) { use(named(make, started)) }

func deferOpen(make maker, started chan bool) {
	p, q := make("deferred"), make("conditional")
	defer use(p)
	if sink == -1 {
		defer use(q)
	}
	close(started)
	clear(1)
	park()
}

func deferLoop(make maker, started chan bool) {
	for _, label := range []string{"0", "1", "2"} {
		p := make(label)
		defer use(p)
	}
	close(started)
	clear(1)
	park()
}

// More than eight: records on the stack.
func deferRecord(make maker, started chan bool) {
	p := make("record")
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() {}()
	defer func() { use(p) }()
	close(started)
	clear(1)
	park()
}

//go:noinline
func recurse(make maker, started chan bool, depth int) int {
	dead, live := make("dead"), make("live")
	use(dead)
	n := 0
	if depth == 0 {
		close(started)
		clear(1)
		park()
	} else {
		n = recurse(make, started, depth-1)
	}
	use(live)
	return n + 1
}

func recursion(make maker, started chan bool) { recurse(make, started, 200) }

func (p *Obj) method() { use(p) }

func methodValue(make maker, started chan bool) {
	p := make("receiver")
	parkThen(p.method, started)
}

//go:noinline
func parkThen(f func(), started chan bool) {
	close(started)
	clear(1)
	park()
	f()
}

func reflectCall(make maker, started chan bool) {
	f := reflect.ValueOf(withArguments)
	f.Call([]reflect.Value{reflect.ValueOf(started), reflect.ValueOf(make("before")), reflect.ValueOf(make("after"))})
}

func makeFunc(make maker, started chan bool) {
	f := reflect.MakeFunc(reflect.TypeOf(use), func(args []reflect.Value) []reflect.Value {
		close(started)
		clear(1)
		park()
		use(args[0].Interface().(*Obj))
		return nil
	}).Interface().(func(*Obj))
	f(make("argument"))
}

func selecting(make maker, started chan bool) {
	dead, live := make("dead"), make("live")
	use(dead)
	other := forever
	close(started)
	clear(1)
	select {
	case <-other:
	case <-forever:
	}
	use(live)
}

func locking(make maker, started chan bool) {
	dead, live := make("dead"), make("live")
	use(dead)
	m := new(sync.Mutex)
	m.Lock()
	close(started)
	clear(1)
	m.Lock()
	use(live)
}

func inSyscall(make maker, started chan bool) {
	dead, live := make("dead"), make("live")
	use(dead)
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	close(started)
	clear(1)
	var buf [1]byte
	syscall.Read(p[0], buf[:])
	use(live)
}

//go:noinline
func load(p, other *Obj) int {
	n := p.id // traps
	use(other)
	return n
}

//go:noinline
func guarded(nothing, kept, lost *Obj) (ret *Obj) {
	defer func() {
		recover()
		park()
	}()
	ret = kept
	load(nothing, lost)
	use(lost)
	return ret
}

// Below a trap frames go on at their deferreturn, if at all.
func trap(make maker, started chan bool) {
	kept, lost, after := make("kept"), make("lost"), make("after")
	close(started)
	clear(1)
	use(guarded(nil, kept, lost))
	use(after)
}

//go:noinline
func panics(p *Obj) {
	panic(p)
}

func panicking(make maker, started chan bool) {
	p, q := make("value"), make("behind")
	defer func() {
		close(started)
		park()
		use(q)
	}()
	panics(p)
}

func branches(make maker, started chan bool) {
	p, q := make("p"), make("q")
	var r *Obj
	if atomic.LoadInt32(&sink) >= 0 {
		r = p
	} else {
		r = q
	}
	close(started)
	clear(1)
	park()
	use(r)
}

func many(make maker, started chan bool) {
	a, b, c, d := make("a"), make("b"), make("c"), make("d")
	e, f, g, h := make("e"), make("f"), make("g"), make("h")
	use(b)
	use(d)
	use(f)
	close(started)
	clear(1)
	park()
	use(a)
	use(c)
	park()
	use(e)
	use(g)
	if sink == -1 {
		use(h)
	}
}

type user interface{ method() }

//go:noinline
func parkOn(u user, started chan bool) {
	close(started)
	clear(1)
	park()
	u.method()
}

func inInterface(make maker, started chan bool) { parkOn(make("receiver"), started) }

func emptySelect(make maker, started chan bool) {
	p := make("unused")
	use(p)
	close(started)
	clear(1)
	select {}
}

//go:noinline
func parkAll(started chan bool, all ...*Obj) {
	close(started)
	clear(1)
	park()
	useSlice(all)
}

func variadic(make maker, started chan bool) { parkAll(started, make("0"), make("1")) }

// More than 1024 words of locals: bits beyond the first bytes of a map.
func bigFrame(make maker, started chan bool) {
	var big [2000]*Obj
	last := make("last")
	big[1999] = last
	big[3] = make("third")
	useSlice(big[:])
	close(started)
	clear(1)
	park()
	use(big[atomic.LoadInt32(&sink)&1023])
}

//go:noinline
func deep(n int) int {
	if n == 0 {
		return clear(2)
	}
	return deep(n-1) + 1
}

// Its stack has moved.
func growing(make maker, started chan bool) {
	var s pair
	fill(&s, make("a"), make("b"))
	p := &s
	deep(3000)
	close(started)
	clear(1)
	park()
	usePair(p)
}

// spin is preempted at any instruction; what it points to is in a register.
func spin(started chan bool) {
	p := newObj("spin", "live")
	close(started)
	n := 0
	for q := p; q != nil; q = p {
		n += q.id
		if n == -1 {
			break
		}
	}
	use(p)
}
