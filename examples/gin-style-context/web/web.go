// Package web is a small HTTP framework: handlers share one Context per request.
package web

import (
	"context"
	"net/http"
	"time"
)

// Handler is one link in the chain that answers a request.
type Handler func(*Context)

// Context is a request on its way through the chain. It is a context.Context too, so that
// handlers can hand it on as one.
type Context struct {
	Request *http.Request
	Writer  http.ResponseWriter
	Keys    map[string]interface{}

	chain []Handler
	next  int
	inner context.Context
}

// Next runs the rest of the chain.
func (c *Context) Next() {
	for c.next < len(c.chain) {
		h := c.chain[c.next]
		c.next++
		h(c)
	}
}

// Deadline is that of the request.
func (c *Context) Deadline() (time.Time, bool) { return c.inner.Deadline() }

// Done is closed when the request is over.
func (c *Context) Done() <-chan struct{} { return c.inner.Done() }

// Err says why Done is closed.
func (c *Context) Err() error { return c.inner.Err() }

// Value looks among Keys first.
func (c *Context) Value(key interface{}) interface{} {
	if name, ok := key.(string); ok {
		if v, ok := c.Keys[name]; ok {
			return v
		}
	}
	return c.inner.Value(key)
}

// Engine runs a chain for each request.
type Engine struct {
	base  context.Context
	chain []Handler
}

// New makes an engine whose requests end, at the latest, with base.
func New(base context.Context, chain ...Handler) *Engine {
	return &Engine{base: base, chain: chain}
}

// ServeHTTP answers one request.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(e.base)
	defer cancel()
	c := &Context{
		Request: r.WithContext(ctx),
		Writer:  w,
		Keys:    map[string]interface{}{},
		chain:   e.chain,
		inner:   ctx,
	}
	c.Next()
}

// Recover turns a panic of the rest of the chain into an answer.
func Recover(c *Context) {
	defer func() {
		if p := recover(); p != nil {
			c.Writer.WriteHeader(http.StatusInternalServerError)
		}
	}()
	c.Next()
}
