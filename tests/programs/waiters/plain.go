package main

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"goctx.test/programs/truth"
)

// start runs wait in a goroutine that describes itself first.
func (s *shared) start(expect truth.Expected, wait func()) {
	go s.body(expect, wait)
	s.r.Await(1)
}

func (s *shared) body(expect truth.Expected, wait func()) {
	s.r.Begin(&expect)
	wait()
}

func parked(label string, reasons ...string) truth.Expected {
	return truth.Expected{Label: label, Status: reasons}
}

// channels starts goroutines that wait on channels and on time.
func (s *shared) channels() {
	full := make(chan int, 2)
	full <- 1
	full <- 2
	sends := parked("send on a full channel", "chan send")
	sends.Waits = []truth.Wait{{Chan: truth.ChanAddr(full), Op: "send"}}
	s.start(sends, func() { full <- 3 })
	unbuffered := make(chan struct{})
	sends = parked("send on an unbuffered channel", "chan send")
	sends.Waits = []truth.Wait{{Chan: truth.ChanAddr(unbuffered), Op: "send"}}
	s.start(sends, func() { unbuffered <- struct{}{} })
	numbers := make(chan int)
	s.start(receiver("range over a channel", numbers), func() {
		for n := range numbers {
			s.hold(n)
		}
	})

	var none chan int
	s.start(parked("receive from a nil channel", "chan receive (nil chan)"), func() { <-none })
	s.start(parked("send on a nil channel", "chan send (nil chan)"), func() { none <- 1 })
	s.start(parked("select without cases", "select (no cases)"), func() { select {} })
	s.start(parked("sleep", "sleep"), func() { time.Sleep(2 * time.Hour) })
	timer := time.NewTimer(2 * time.Hour)
	s.hold(timer)
	s.start(receiver("timer", timer.C), func() { <-timer.C })
}

// locks starts goroutines that wait in package sync. What the wait is called
// there has changed over the years: "semacquire" first, then by type.
func (s *shared) locks() {
	mutex := &sync.Mutex{}
	mutex.Lock()
	for i := 0; i < 2; i++ {
		s.start(parked("mutex", "semacquire", "sync.Mutex.Lock"), mutex.Lock)
	}
	written := &sync.RWMutex{}
	written.Lock()
	s.start(parked("rwmutex read", "semacquire", "sync.RWMutex.RLock"), written.RLock)
	read := &sync.RWMutex{}
	read.RLock()
	s.start(parked("rwmutex write", "semacquire", "sync.RWMutex.Lock"), read.Lock)
	group := &sync.WaitGroup{}
	group.Add(1)
	s.start(parked("wait group", "semacquire", "sync.WaitGroup.Wait"), group.Wait)
	cond := sync.NewCond(&sync.Mutex{})
	s.start(parked("cond", "sync.Cond.Wait"), func() {
		cond.L.Lock()
		cond.Wait()
	})
	once := &sync.Once{}
	ctx := s.child("inside a once")
	inside := truth.On("runs a once", receiving, ctx)
	started := make(chan struct{})
	s.start(inside, func() { once.Do(func() { close(started); waitDone(ctx) }) })
	<-started
	s.start(parked("once", "semacquire", "sync.Mutex.Lock"), func() { once.Do(func() {}) })
	for _, one := range []interface{}{mutex, written, read, group, cond, once} {
		s.hold(one)
	}
}

// labelled starts goroutines with labels of runtime/pprof and locked ones.
func (s *shared) labelled() {
	ctx := s.child("labelled")
	expect := truth.On("labelled", receiving, ctx)
	expect.Labels = map[string]string{"tenant": "blue", "job": "export all"}
	s.start(expect, func() {
		setLabels(expect.Labels)
		waitDone(ctx)
	})
	many := truth.On("many labels", receiving, ctx)
	many.Labels = map[string]string{"a": "1", "b": "", "c": "3", "d": "4", "e": "5", "f": "6",
		"g": "7", "h": "8", "i": "9", "j": "ten"}
	s.start(many, func() {
		setLabels(many.Labels)
		waitDone(ctx)
	})
	s.start(truth.On("locked", receiving, ctx), func() {
		runtime.LockOSThread()
		waitDone(ctx)
	})
}

// setLabels is a function of its own so that the context that carries the
// labels is garbage afterwards.
//
//go:noinline
func setLabels(labels map[string]string) {
	var list []string
	for k, v := range labels {
		list = append(list, k, v)
	}
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(list...)))
}

// family starts goroutines that start others, three levels deep. Some of the
// parents end, so that their numbers lead nowhere.
func (s *shared) family() {
	ctx := s.child("family")
	var grow func(level int)
	grow = func(level int) {
		expect := truth.On("family", receiving, ctx)
		if level < 3 {
			go grow(level + 1)
			go grow(level + 1)
		}
		s.r.Begin(&expect)
		waitDone(ctx)
	}
	go grow(1)
	s.r.Await(7)

	go func() {
		go s.receive(truth.On("orphan", receiving, ctx), ctx)
	}()
	s.r.Await(1)
}
