// Package stream pushes events to connected clients.
package stream

import (
	"context"
	"errors"
	"sync"
)

// ErrRefused is what a client without the right token gets.
var ErrRefused = errors.New("stream: client refused")

// ctxKey is the type of this package's context keys.
type ctxKey string

// clientName is under which a connection's context carries the name of its client.
const clientName ctxKey = "client"

// Hub owns the connections of a server.
type Hub struct {
	fixed bool
	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu    sync.Mutex
	conns map[string]*Conn
}

// NewHub makes a hub that lives until parent is done or Close is called.
func NewHub(parent context.Context, fixed bool) *Hub {
	ctx, stop := context.WithCancel(parent)
	return &Hub{fixed: fixed, ctx: ctx, stop: stop, conns: map[string]*Conn{}}
}

// Serve starts the tasks of a connection, and keeps it if the token is right.
func (h *Hub) Serve(name, token string) error {
	ctx, cancel := context.WithCancel(context.WithValue(h.ctx, clientName, name))
	c := &Conn{hub: h, events: make(chan string)}
	h.tasks.Add(2)
	go c.pump(ctx)
	go c.watch(ctx)

	if token != "sesame" {
		c.events <- "401 " + name
		if h.fixed {
			cancel()
		}
		return ErrRefused // the bug: a way out that skips cancel
	}

	c.events <- "200 " + name
	c.cancel = cancel
	h.mu.Lock()
	h.conns[name] = c
	h.mu.Unlock()
	return nil
}

// Close ends all connections and waits for their tasks.
func (h *Hub) Close() {
	h.stop()
	h.tasks.Wait()
}
