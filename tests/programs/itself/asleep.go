package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// visitor is looked at by its own goroutine each time that wakes up.
type visitor struct {
	id   int
	gone bool
	buf  [64]byte
}

var visitors = map[int]*visitor{}

//go:noinline
func (v *visitor) stay() {
	begun.Done()
	for !v.gone {
		time.Sleep(time.Hour)
		v.id++
	}
}

// pass makes goroutines that end: time goes by.
func pass(count int) {
	for i := 0; i < count; i++ {
		over := make(chan bool)
		go func() { close(over) }()
		<-over
	}
}

// sleepers come one by one; who made them has ended.
func sleepers(kept bool, before int) {
	pass(before)
	for i := 0; i < n; i++ {
		over := make(chan bool)
		go func(i int) {
			v := &visitor{id: i}
			if kept {
				visitors[i] = v
			}
			start(v.stay)
			close(over)
		}(i)
		<-over
		pass(50)
	}
}

//go:noinline
func limit(cancel context.CancelFunc) {
	begun.Done()
	time.Sleep(time.Hour)
	cancel()
}

//go:noinline
func wait(ctx context.Context) {
	begun.Done()
	<-ctx.Done()
}

// homemade timeouts: one goroutine waits, another sleeps and cancels then.
func homemade(root context.Context) {
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(root)
		start(func() { limit(cancel) }, func() { wait(ctx) })
		pass(50)
	}
}

//go:noinline
func (v *visitor) poll(ctx context.Context) {
	begun.Done()
	for ctx.Err() == nil {
		time.Sleep(time.Hour)
		v.id++
	}
}

// pollers ask a context when they wake up, which somebody can still cancel.
func pollers(root context.Context) {
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(root)
		open[i] = &session{id: i, cancel: cancel}
		v := &visitor{id: i}
		start(func() { v.poll(ctx) })
		pass(50)
	}
}

//go:noinline
func listen(kept bool) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if kept {
		cancels = append(cancels, stop)
	}
	if ctx.Err() != nil {
		panic("ended")
	}
}

func listeners(kept bool) {
	over := make(chan bool)
	go func() {
		for i := 0; i < n; i++ {
			listen(kept)
		}
		close(over)
	}()
	<-over
}

//go:noinline
func fetch(root context.Context) {
	ctx, cancel := context.WithTimeout(root, 24*time.Hour)
	if ctx.Err() != nil {
		cancel()
	}
}

// timeouts are left to run out.
func timeouts(root context.Context) {
	over := make(chan bool)
	go func() {
		for i := 0; i < 2*n; i++ {
			fetch(root)
		}
		close(over)
	}()
	<-over
}
