package main

import (
	"context"
	"sync"
	"time"
)

// ---- goroutines that wait for themselves ----

type call struct{ wg sync.WaitGroup }

// calls of one name share one answer.
type calls struct {
	mu  sync.Mutex
	all map[string]*call
}

//go:noinline
func (c *calls) do(name string, f func()) {
	c.mu.Lock()
	if one := c.all[name]; one != nil {
		c.mu.Unlock()
		one.wg.Wait()
		return
	}
	one := &call{}
	one.wg.Add(1)
	c.all[name] = one
	c.mu.Unlock()
	holds(&one.wg, "waitgroup")
	f()
	one.wg.Done()
}

// shared: a call asks for its own answer.
func shared() record {
	c := &calls{all: map[string]*call{}}
	start(1, func() { c.do("a", func() { c.do("a", func() {}) }) })
	settle()
	start(many, func() { c.do("a", func() {}) })
	settle()
	return record{Hang: many + 1, Cycle: true}
}

// answering: the call is at work.
func answering() record {
	c := &calls{all: map[string]*call{}}
	start(1, func() { c.do("a", func() { time.Sleep(hour) }) })
	settle()
	start(many, func() { c.do("a", func() {}) })
	settle()
	return record{}
}

type order struct {
	f    func()
	done chan struct{}
}

type actor struct {
	orders chan order
	quit   chan struct{}
}

//go:noinline
func (a *actor) loop() {
	for {
		select {
		case o := <-a.orders:
			holds(a.orders, "chan")
			o.f()
			close(o.done)
		case <-a.quit:
			return
		}
	}
}

//go:noinline
func (a *actor) do(f func()) {
	o := order{f, make(chan struct{})}
	a.orders <- o
	<-o.done
}

func newActor() *actor {
	a := &actor{make(chan order), make(chan struct{})}
	start(1, a.loop)
	return a
}

// ordered: an actor gives an order to itself.
func ordered() record {
	a := newActor()
	start(1, func() { a.do(func() { a.do(func() {}) }) })
	settle()
	start(many, func() { a.do(func() {}) })
	settle()
	return record{Hang: many + 1, Cycle: true} // who gave the first order waits for its end alone
}

// passed: an actor gives an order to another one, which is at work.
func passed() record {
	a, b := newActor(), newActor()
	start(1, func() { b.do(func() { time.Sleep(hour) }) })
	settle()
	start(1, func() { a.do(func() { b.do(func() {}) }) })
	settle()
	start(many, func() { a.do(func() {}) })
	settle()
	return record{}
}

// ---- under a context that ends with the program ----

//go:noinline
func (p *pool) until(ctx context.Context, depth int) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-p.slots }()
	if depth > 0 {
		holds(p.slots, "chan")
		took <- 1
		<-goOn
		p.until(ctx, depth-1)
	}
}

// rooted: as nested, but all of them would end with the program.
func rooted() record {
	ctx, cancel := context.WithCancel(context.Background())
	cancels = append(cancels, cancel)
	p := &pool{slots: make(chan struct{}, 3)}
	start(3, func() { p.until(ctx, 1) })
	for i := 0; i < 3; i++ {
		<-took
	}
	for i := 0; i < 3; i++ {
		goOn <- 1
	}
	start(many, func() { p.until(ctx, 0) })
	settle()
	return record{Hang: many + 3, Cycle: true}
}

// limited: as rooted, but each of them has a deadline.
func limited() record {
	p := &pool{slots: make(chan struct{}, 3)}
	until := func(depth int) {
		ctx, cancel := context.WithTimeout(context.Background(), hour)
		defer cancel()
		p.until(ctx, depth)
	}
	start(3, func() { until(1) })
	for i := 0; i < 3; i++ {
		<-took
	}
	for i := 0; i < 3; i++ {
		goOn <- 1
	}
	start(many, func() { until(0) })
	settle()
	return record{}
}

var cancels []context.CancelFunc
