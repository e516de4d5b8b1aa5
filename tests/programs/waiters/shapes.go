package main

import (
	"context"

	"goctx.test/programs/truth"
)

// shapes starts goroutines whose stacks are hard to read: inlined, generic,
// deep, method values, closures, deferred calls.
func (s *shared) shapes() {
	ctx := s.child("shapes")
	expect := func(label string) truth.Expected { return truth.On(label, receiving, ctx) }

	go s.inlined(expect("inlined wait"), ctx)
	go s.deep(expect("deep"), ctx, 200)
	go func() {
		e := expect("closure")
		s.r.Begin(&e)
		func() { waitDone(ctx) }()
	}()
	w := &worker{s, ctx, expect("method value")}
	run := w.run
	go run()
	go worker{s, ctx, expect("value method")}.runValue()
	go s.deferred(expect("deferred"), ctx)
	s.r.Await(6)

	numbers, words := make(chan int), make(chan string)
	go generic(s, receiver("generic int", numbers), numbers)
	go generic(s, receiver("generic string", words), words)
	box := &boxed[string]{words}
	go box.wait(s, receiver("generic method", words))
	s.r.Await(3)
}

// receiver describes a goroutine that receives from a channel.
func receiver(label string, c interface{}) truth.Expected {
	return truth.Expected{
		Label:  label,
		Status: []string{receiving},
		Waits:  []truth.Wait{{Chan: truth.ChanAddr(c), Op: "recv"}},
	}
}

// waitDone and waitTwice are small enough to be inlined.
func waitDone(ctx context.Context) { <-ctx.Done() }

func waitTwice(ctx context.Context) { waitDone(ctx) }

//go:noinline
func (s *shared) inlined(expect truth.Expected, ctx context.Context) {
	s.r.Begin(&expect)
	waitTwice(ctx)
}

//go:noinline
func (s *shared) deep(expect truth.Expected, ctx context.Context, left int) int {
	if left > 0 {
		return s.deep(expect, ctx, left-1) + 1
	}
	s.r.Begin(&expect)
	waitDone(ctx)
	return 0
}

//go:noinline
func (s *shared) deferred(expect truth.Expected, ctx context.Context) {
	defer waitTwice(ctx)
	s.r.Begin(&expect)
}

type worker struct {
	s      *shared
	ctx    context.Context
	expect truth.Expected
}

func (w *worker) run() {
	w.s.r.Begin(&w.expect)
	waitDone(w.ctx)
}

func (w worker) runValue() {
	w.s.r.Begin(&w.expect)
	waitDone(w.ctx)
}

//go:noinline
func generic[T any](s *shared, expect truth.Expected, c chan T) {
	s.r.Begin(&expect)
	s.hold(<-c)
}

type boxed[T any] struct{ c chan T }

//go:noinline
func (b *boxed[T]) wait(s *shared, expect truth.Expected) {
	s.r.Begin(&expect)
	s.hold(<-b.c)
}
