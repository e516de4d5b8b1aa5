//go:build go1.21

package main

import (
	"context"
	"errors"
)

// own is a Context of the program with an AfterFunc method: context makes a stopCtx for its children.
type own struct{ context.Context }

func (o own) AfterFunc(f func()) func() bool { return context.AfterFunc(o.Context, f) }

func (o own) Done() <-chan struct{} { return o.Context.Done() }

func (o own) Value(key any) any { return nil }

func init() {
	more = append(more, func(ctx context.Context) {
		detached, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		stop := context.AfterFunc(detached, func() {})
		child, cancelChild := context.WithCancel(own{detached})
		cancelChild()
		stop()
		cancel(errors.New("done"))
		<-child.Done()
	})
}
