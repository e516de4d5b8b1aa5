package stream

import (
	"context"
	"sync/atomic"
)

// Conn is one client.
type Conn struct {
	hub    *Hub
	events chan string
	sent   int64
	closed int32
	cancel context.CancelFunc // nil until the client is let in
}

// pump sends events to the client until ctx is done.
func (c *Conn) pump(ctx context.Context) {
	defer c.hub.tasks.Done()
	for {
		select {
		case e := <-c.events:
			atomic.AddInt64(&c.sent, int64(len(e)))
		case <-ctx.Done():
			return
		}
	}
}

// watch closes the client's socket when ctx is done.
func (c *Conn) watch(ctx context.Context) {
	defer c.hub.tasks.Done()
	<-ctx.Done()
	atomic.StoreInt32(&c.closed, 1)
}
