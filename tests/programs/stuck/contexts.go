package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// keep makes something reachable for as long as the program runs.
func keep(x interface{}) { globals = append(globals, x) }

// know says by what a context can be cancelled; it keeps no reference.
func know(name, cancelable string, ctx context.Context) {
	knowns = append(knowns, known{"known", dataWord(ctx), name, cancelable})
}

// waitFor parks a goroutine on a context that it holds.
func waitFor(name, stage string, ctx context.Context) {
	start(name, stage, func() {
		<-ctx.Done()
		use(ctx)
	})
}

// lost makes a child whose CancelFunc is dropped.
//
//go:noinline
func lost(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	use(cancel)
	return ctx
}

// kept makes a child whose CancelFunc is kept in a variable.
//
//go:noinline
func kept(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	keep(cancel)
	return ctx
}

// A done channel of its own, as a custom context may have.
type own struct {
	context.Context
	done chan struct{}
}

func (o *own) Done() <-chan struct{} { return o.done }
func (o *own) Err() error            { return nil }

// passes asks the context inside for everything.
type passes struct {
	inner context.Context
	pad   int
}

func (p *passes) Deadline() (time.Time, bool)       { return p.inner.Deadline() }
func (p *passes) Done() <-chan struct{}             { return p.inner.Done() }
func (p *passes) Err() error                        { return p.inner.Err() }
func (p *passes) Value(key interface{}) interface{} { return p.inner.Value(key) }

// detached is how programs made their own WithoutCancel.
type detached struct{ context.Context }

func (detached) Done() <-chan struct{}       { return nil }
func (detached) Err() error                  { return nil }
func (detached) Deadline() (time.Time, bool) { return time.Time{}, false }

// transparent adds something and overrides nothing.
type transparent struct {
	context.Context
	user string
}

type key string

func contexts() {
	roots()
	children()
	timers()
	customs()
	held()
	mixed()
	signals()
}

//go:noinline
func roots() {
	a := lost(context.Background())
	keep(a)
	know("lost root in a variable", "nobody", a)
	waitFor("on a lost root in a variable", channel, a)

	b := lost(context.Background())
	know("lost root", "nobody", b)
	waitFor("on a lost root", stuck, b)

	c := kept(context.Background())
	know("kept root", "func", c)
	waitFor("on a kept root", live, c)

	d, cancel := context.WithCancel(context.TODO())
	keep(d)
	cancel()
	know("cancelled", "done", d)

	e, cancelValue := context.WithCancel(context.Background())
	v := context.WithValue(e, key("cancel"), cancelValue)
	keep(v)
	know("cancelled by whoever asks for its value", "func", e)
	know("its value", "above", v)
	waitFor("on one whose value cancels it", live, e)
}

//go:noinline
func children() {
	alive := kept(context.Background())
	a := lost(alive)
	know("lost child of a kept parent", "above", a)
	waitFor("on a lost child of a kept parent", live, a)

	dead := lost(context.Background())
	keep(dead)
	b := lost(dead)
	know("lost child of a lost parent", "nobody", b)
	waitFor("on a lost child of a lost parent", channel, b)

	c := kept(dead)
	know("kept child of a lost parent", "func", c)
	waitFor("on a kept child of a lost parent", live, c)
	know("the lost parent", "nobody", dead)

	values := context.WithValue(context.WithValue(alive, key("a"), 1), key("b"), 2)
	d := lost(values)
	know("value on a kept parent", "above", values)
	know("lost child of values", "above", d)
	waitFor("on a lost child of values", live, d)

	none := context.WithValue(dead, key("c"), 3)
	keep(none)
	know("value on a lost parent", "nobody", none)
	bg := context.WithValue(context.Background(), key("d"), 4)
	keep(bg)
	know("value on Background", "done", bg)
	e := lost(bg)
	keep(e)
	know("lost child of a value on Background", "nobody", e)
	waitFor("on a lost child of a value on Background", channel, e)

	// A tree of lost ones that only waiters hold.
	f := lost(context.Background())
	g := lost(f)
	know("root of a lost tree", "nobody", f)
	know("leaf of a lost tree", "nobody", g)
	waitFor("on the root of a lost tree", stuck, f)
	waitFor("on the leaf of a lost tree", stuck, g)
}

//go:noinline
func timers() {
	a, cancel := context.WithTimeout(context.Background(), 1000*time.Hour)
	use(cancel)
	know("lost, with a deadline", "timer", a)
	waitFor("on one with a deadline", live, a)
	b := lost(a)
	know("lost child of a deadline", "above", b)
	waitFor("on a lost child of a deadline", live, b)
	// The earlier deadline of its parent makes it a plain one.
	c, cancel := context.WithTimeout(a, 2000*time.Hour)
	use(cancel)
	know("lost, with the later deadline", "above", c)
	waitFor("on one with the later deadline", live, c)
	d, cancelKept := context.WithDeadline(lost(context.Background()), time.Now().Add(1000*time.Hour))
	keep(cancelKept)
	know("kept, with a deadline", "func", d)
	waitFor("on a kept one with a deadline", live, d)
	e, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	keep(e)
	keep(cancel)
	<-e.Done()
	know("expired", "done", e)
}

//go:noinline
func customs() {
	alive, dead := kept(context.Background()), lost(context.Background())
	keep(dead)

	a := lost(&transparent{alive, "u"})
	know("lost under a transparent type on a kept one", "above", a)
	waitFor("under a transparent type on a kept one", live, a)
	b := lost(&transparent{dead, "u"})
	know("lost under a transparent type on a lost one", "nobody", b)
	waitFor("under a transparent type on a lost one", channel, b)

	c := lost(&passes{alive, 1})
	know("lost under a type that passes on, on a kept one", "above", c)
	waitFor("under a type that passes on, on a kept one", live, c)
	d := lost(&passes{dead, 1})
	know("lost under a type that passes on, on a lost one", "nobody", d)
	waitFor("under a type that passes on, on a lost one", channel, d)

	e := lost(detached{alive})
	keep(e)
	know("lost under a detached one", "nobody", e)
	waitFor("under a detached one", channel, e)
	f := lost(&transparent{detached{alive}, "v"})
	keep(f)
	know("lost under a transparent type on a detached one", "nobody", f)
	waitFor("under a transparent type on a detached one", channel, f)

	// Each of these starts a goroutine of package context that watches.
	g := &own{alive, make(chan struct{})}
	keep(g)
	h := lost(g)
	know("custom with a channel of its own", "foreign", g)
	know("lost under a custom type", "foreign", h)
	waitFor("under a custom type", live, h)
	i := lost(&own{alive, make(chan struct{})})
	know("lost under a custom type that nobody holds", "nobody", i)
	waitFor("under a custom type that nobody holds", stuck, i)
	j := lost(h)
	know("lost under lost under a custom type", "foreign", j)
	waitFor("under one under a custom type", live, j)
}

// held are CancelFuncs in the hands of goroutines.
//
//go:noinline
func held() {
	a, cancelA := context.WithCancel(context.Background())
	know("held by a goroutine that can run", "func", a)
	start("holder of a CancelFunc", live, func() {
		<-release
		cancelA()
	})
	waitFor("on one that a goroutine cancels", live, a)

	b, cancelB := context.WithCancel(context.Background())
	know("deferred by its only waiter", "by_waiter", b)
	start("waiter that defers", stuck, func() {
		defer cancelB()
		<-b.Done()
	})

	c, cancelC := context.WithCancel(context.Background())
	keep(c)
	know("deferred by its only waiter, in a variable", "by_waiter", c)
	start("waiter that defers, context in a variable", channel, func() {
		defer cancelC()
		<-c.Done()
	})

	d, cancelD := context.WithCancel(context.Background())
	know("deferred in a loop by its only waiter", "by_waiter", d)
	start("waiter that defers in a loop", ownOnly, func() {
		for i := 0; i < 2; i++ {
			defer cancelD()
		}
		<-d.Done()
	})

	// Two that wait for each other's cancel.
	e, cancelE := context.WithCancel(context.Background())
	f, cancelF := context.WithCancel(context.Background())
	know("cancelled by the other, first", "by_waiter", e)
	know("cancelled by the other, second", "by_waiter", f)
	keep(e)
	start("waits and would cancel the second", channel, func() {
		<-e.Done()
		cancelF()
	})
	start("waits and would cancel the first", channel, func() {
		<-f.Done()
		cancelE()
	})
	keep(f)

	// A way over two goroutines.
	g, h := kept(context.Background()), context.Background()
	h, cancelH := context.WithCancel(h)
	know("cancelled by one that can be cancelled", "func", h)
	start("waits on a kept one and cancels", live, func() {
		<-g.Done()
		cancelH()
	})
	waitFor("on one that a waiter cancels", live, h)
	k := lost(h)
	know("below one that a waiter cancels", "above", k)
	waitFor("below one that a waiter cancels", live, k)

	l, cancelL := context.WithCancel(lost(context.Background()))
	know("cancelled once a lost one is", "by_waiter", l)
	m := lost(l)
	know("below one that is cancelled once a lost one is", "by_waiter", m)
	n := lost(context.Background())
	keep(n)
	keep(m)
	start("waits on a lost one and would cancel", channel, func() {
		<-n.Done()
		cancelL()
	})
	waitFor("below one that is cancelled once a lost one is", channel, m)
}

//go:noinline
func mixed() {
	a, b := lost(context.Background()), kept(context.Background())
	keep(a)
	start("select on a lost and a kept one", live, func() {
		select {
		case <-a.Done():
		case <-b.Done():
		}
	})
	c, d := make(chan int), make(chan int)
	keep(c)
	start("select on a lost one and a channel in a variable", live, func() {
		select {
		case <-a.Done():
		case <-c:
		}
	})
	start("select on a lost one and a channel that nobody holds", channel, func() {
		select {
		case <-a.Done():
		case <-d:
		}
	})
	start("select on a lost one and a timer", live, func() {
		select {
		case <-a.Done():
		case <-time.After(1000 * time.Hour):
		}
	})
	start("on a lost one, without the context", channel, func() { onlyDone(a.Done()) })
	e := lost(context.Background())
	start("on the channel of a context that is gone", stuck, func() { onlyDone(e.Done()) })
}

//go:noinline
func onlyDone(done <-chan struct{}) { <-done }

//go:noinline
func signals() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR2)
	keep(stop)
	waitFor("on a signal context", live, ctx)
	know("signal context", "above", ctx)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	start("on a signal", live, func() { <-c })
}
