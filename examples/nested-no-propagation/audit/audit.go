// Package audit wraps contexts to record which values are asked for.
package audit

import (
	"context"
	"sync/atomic"
)

// Context is a context that counts the look-ups of values.
type Context struct {
	context.Context
	lookups int64
	done    chan struct{} // nil in the healthy twin
}

// Wrap puts a Context around parent.
func Wrap(parent context.Context) *Context {
	return &Context{Context: parent, done: make(chan struct{})}
}

// WrapOpenly is Wrap as it should be: Done is the parent's.
func WrapOpenly(parent context.Context) *Context {
	return &Context{Context: parent}
}

// Done is a channel of the wrapper's own; nothing closes it when the parent is done.
func (c *Context) Done() <-chan struct{} {
	if c.done == nil {
		return c.Context.Done()
	}
	return c.done
}

// Value counts and passes on.
func (c *Context) Value(key interface{}) interface{} {
	atomic.AddInt64(&c.lookups, 1)
	return c.Context.Value(key)
}
