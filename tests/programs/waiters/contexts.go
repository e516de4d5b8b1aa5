package main

import (
	"context"
	"time"

	"goctx.test/programs/truth"
)

const (
	receiving = "chan receive"
	selecting = "select"
)

// contexts starts goroutines that wait on done channels.
func (s *shared) contexts() {
	one := s.child("one waiter")
	go s.receive(truth.On("recv done", receiving, one), one)
	s.r.Await(1)

	many := s.child("many waiters")
	for i := 0; i < 25; i++ {
		go s.receive(truth.On("recv done of many", receiving, many), many)
	}
	s.r.Await(25)

	first, second := s.child("select first"), s.child("select second")
	work := make(chan int)
	expect := truth.On("select done or work", selecting, first)
	expect.Waits = append(expect.Waits, truth.Wait{Chan: truth.ChanAddr(work), Op: "recv"})
	go s.choose(expect, first, work)
	go s.chooseTwo(truth.On("select two dones", selecting, first, second), first, second)
	s.r.Await(2)

	results := make(chan string)
	sending := truth.On("select done or send", selecting, second)
	sending.Waits = append(sending.Waits, truth.Wait{Chan: truth.ChanAddr(results), Op: "send"})
	go s.offer(sending, second, results)
	s.r.Await(1)

	// Done of a value context is its ancestor's.
	inherited := s.child("below values")
	value := s.r.Keep("value", context.WithValue(inherited, key("k"), "v"), inherited)
	through := truth.On("recv done through a value", receiving, value)
	through.Context = []context.Context{inherited}
	go s.receive(through, value)
	s.r.Await(1)

	timeout, cancel := context.WithTimeout(s.server, 3*time.Hour)
	s.hold(cancel)
	s.r.Keep("timeout", timeout, s.server)
	go s.receive(truth.On("recv done of a timeout", receiving, timeout), timeout)
	s.r.Await(1)
}

type key string

//go:noinline
func (s *shared) receive(expect truth.Expected, ctx context.Context) {
	s.r.Begin(&expect)
	<-ctx.Done()
}

//go:noinline
func (s *shared) choose(expect truth.Expected, ctx context.Context, work chan int) {
	s.r.Begin(&expect)
	select {
	case <-ctx.Done():
	case n := <-work:
		s.hold(n)
	}
}

//go:noinline
func (s *shared) chooseTwo(expect truth.Expected, first, second context.Context) {
	s.r.Begin(&expect)
	for {
		select {
		case <-first.Done():
			return
		case <-second.Done():
			return
		}
	}
}

//go:noinline
func (s *shared) offer(expect truth.Expected, ctx context.Context, results chan string) {
	s.r.Begin(&expect)
	select {
	case results <- "result":
	case <-ctx.Done():
	}
}
