//go:build go1.21

package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"goctx.test/programs/truth"
)

// afterFuncer calls back instead of having a goroutine watch it, since Go 1.21.
type afterFuncer struct {
	context.Context
	done  chan struct{}
	mu    sync.Mutex
	calls []func()
}

func (a *afterFuncer) Done() <-chan struct{} { return a.done }

func (a *afterFuncer) AfterFunc(f func()) func() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, f)
	return func() bool { return true }
}

// newer makes the kinds that came with Go 1.20 and 1.21.
func newer(r *truth.Recorder, server context.Context) {
	causes(r, server)

	value := r.Keep("value to detach", context.WithValue(server, stringKey("kept"), 1), server)
	free := r.Keep("without cancel", context.WithoutCancel(value), value)
	r.Keep("value on without cancel", context.WithValue(free, stringKey("on"), 2), free)
	cancelable(r, "cancel on without cancel", free)
	canceled, cancel := context.WithCancel(server)
	cancel()
	r.Keep("canceled, then detached", canceled, server)
	r.Keep("without cancel of a canceled one", context.WithoutCancel(canceled), canceled)

	caller := r.Keep("custom with AfterFunc",
		&afterFuncer{Context: server, done: make(chan struct{})}, server)
	ctx, cancel := context.WithCancel(caller) // its parent is a stop context
	held = append(held, cancel)
	r.Keep("cancel under stop", ctx, nil)
	ctx, cancel = context.WithTimeout(caller, long)
	held = append(held, cancel)
	r.Keep("timeout under stop", ctx, nil)

	parent := cancelable(r, "parent of after-funcs", server)
	held = append(held, context.AfterFunc(parent, func() {}))
	held = append(held, context.AfterFunc(value, func() { held = nil }))
	stop := context.AfterFunc(parent, func() {})
	if !stop() {
		panic("an after-func that never ran cannot be stopped")
	}
}

var errOutOfDisk = errors.New("out of disk")

func causes(r *truth.Recorder, server context.Context) {
	ctx, cancel := context.WithCancelCause(server)
	r.Keep("canceled with a cause", ctx, server)
	child := cancelable(r, "child of canceled with a cause", ctx)
	cancel(errOutOfDisk)
	if context.Cause(child) != errOutOfDisk {
		panic("the cause did not reach the child")
	}
	ctx, cancel = context.WithCancelCause(server)
	r.Keep("canceled with a nil cause", ctx, server)
	cancel(nil)
	ctx, cancel = context.WithCancelCause(server)
	held = append(held, cancel)
	r.Keep("cancel-cause, active", ctx, server)

	late, stop := context.WithDeadlineCause(server, time.Now().Add(time.Millisecond), errOutOfDisk)
	held = append(held, stop)
	r.Keep("expired with a cause", late, server)
	<-late.Done()
	active, stop := context.WithTimeoutCause(server, long, errOutOfDisk)
	held = append(held, stop)
	r.Keep("timeout with a cause, active", active, server)
}
