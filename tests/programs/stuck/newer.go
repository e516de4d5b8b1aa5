//go:build go1.21

package main

import (
	"context"
	"errors"
	"time"
)

// registers calls back those that register with it, as AfterFunc asks for.
type registers struct {
	context.Context
	done  chan struct{}
	calls []func()
}

func (r *registers) Done() <-chan struct{} { return r.done }
func (r *registers) Err() error            { return nil }
func (r *registers) AfterFunc(f func()) func() bool {
	r.calls = append(r.calls, f)
	return func() bool { return true }
}

//go:noinline
func newerContexts() {
	alive := kept(context.Background())
	plain := context.WithoutCancel(alive)
	a := lost(plain)
	keep(a)
	know("lost under WithoutCancel", "nobody", a)
	waitFor("under WithoutCancel", channel, a)

	b, cause := context.WithCancelCause(context.Background())
	keep(cause)
	know("kept, with a cause", "func", b)
	waitFor("on a kept one with a cause", live, b)
	c, dropped := context.WithCancelCause(context.Background())
	use(dropped)
	know("lost, with a cause", "nobody", c)
	waitFor("on a lost one with a cause", stuck, c)

	d, cancel := context.WithTimeoutCause(context.Background(), 1000*time.Hour, errors.New("too late"))
	use(cancel)
	know("lost, with a deadline and a cause", "timer", d)
	waitFor("on one with a deadline and a cause", live, d)

	e := &registers{alive, make(chan struct{}), nil}
	keep(e)
	f := lost(e)
	know("lost under one that calls back", "foreign", f)
	waitFor("under one that calls back", live, f)

	g, h := lost(context.Background()), make(chan int)
	keep(g)
	stop := context.AfterFunc(g, func() { close(h) })
	use(stop)
	start("on what AfterFunc of a lost one closes", live, func() { <-h })
	i := make(chan int)
	keep(context.AfterFunc(alive, func() { close(i) }))
	start("on what AfterFunc of a kept one closes", live, func() { <-i })
}
