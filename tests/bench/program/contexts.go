package main

import (
	"context"
	"strconv"
	"time"
)

const (
	components  = 16 // long-lived parents besides the base
	minContexts = components + 2
	timerPart   = 8  // per cent of the contexts
	steadyPart  = 14 // per cent that are below a component, not below the base
)

type requestKey string

// scopes are the contexts.
type scopes struct {
	base       context.Context // parent of all that leaks
	components [components]context.Context
	all        []context.Context
	waitable   []context.Context // those with a done channel of their own
	stops      []context.CancelFunc
}

// init makes the long-lived ones.
func (c *scopes) init() {
	c.base = c.cancel(context.Background())
	for i := range c.components {
		c.components[i] = c.cancel(c.base)
	}
}

// makeContexts brings the number of contexts to n, if they are fewer.
func (s *service) makeContexts(n int) {
	c := &s.scopes
	for len(c.all) < n {
		parent := c.base
		if s.rand.Intn(100) < steadyPart {
			parent = c.components[s.rand.Intn(components)]
		}
		// A request is a value and a cancel below it, so it counts twice.
		percent := s.rand.Intn(100 - s.values)
		switch {
		case percent < s.values && len(c.all)+2 <= n:
			c.request(parent)
		case percent < s.values+timerPart:
			c.timer(parent, time.Duration(1+s.rand.Intn(72))*time.Hour)
		default:
			c.cancel(parent)
		}
	}
}

func (c *scopes) keep(ctx context.Context, stop context.CancelFunc) context.Context {
	c.all = append(c.all, ctx)
	c.waitable = append(c.waitable, ctx)
	c.stops = append(c.stops, stop)
	return ctx
}

//go:noinline
func (c *scopes) cancel(parent context.Context) context.Context {
	return c.keep(context.WithCancel(parent))
}

//go:noinline
func (c *scopes) timer(parent context.Context, after time.Duration) {
	c.keep(context.WithTimeout(parent, after))
}

//go:noinline
func (c *scopes) request(parent context.Context) {
	id := "req-" + strconv.Itoa(len(c.all))
	value := context.WithValue(parent, requestKey("request-id"), id)
	c.all = append(c.all, value)
	c.cancel(value)
}
