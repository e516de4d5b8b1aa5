// Package lifecycle gives contexts that know why they were ended.
package lifecycle

import (
	"context"
	"sync/atomic"
)

// Reason says why something ended.
type Reason struct {
	Code int
	Text string
}

// EndFunc ends a context and says why; only the first reason counts.
type EndFunc func(Reason)

// Context is a context with a place for its reason.
type Context struct {
	context.Context
	state *state
}

// state is the place.
type state struct {
	reason atomic.Value // of Reason
}

// stateKey is where contexts further down find the state.
type stateKey struct{}

// WithReason derives a context from parent; the EndFunc must be called.
func WithReason(parent context.Context) (context.Context, EndFunc) {
	st := &state{}
	inner, cancel := context.WithCancel(parent)
	inner = context.WithValue(inner, stateKey{}, st)
	end := func(r Reason) {
		st.reason.CompareAndSwap(nil, r)
		cancel()
	}
	return &Context{Context: inner, state: st}, end
}

// Of is the reason of ctx, or of the nearest context above that has one.
func Of(ctx context.Context) Reason {
	st, ok := ctx.Value(stateKey{}).(*state)
	if !ok {
		return Reason{}
	}
	r, _ := st.reason.Load().(Reason)
	return r
}
