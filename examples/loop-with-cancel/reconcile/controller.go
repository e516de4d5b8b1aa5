// Package reconcile brings the stored state of objects to the wanted one, one object a turn.
package reconcile

import (
	"context"
)

// Manner says what a turn does with the CancelFunc of its context.
type Manner int

// The two wrong manners and the right one.
const (
	Forget         Manner = iota // drops it
	DeferInLoop                  // defers it in a function that does not return
	CancelEachTurn               // calls it when the turn is over
)

// Controller runs the loop.
type Controller struct {
	manner Manner
	queue  chan request
	over   chan struct{}
	store  store
}

// request asks for one turn; the answer goes to done.
type request struct {
	key  string
	done chan error
}

// Start starts the loop; it ends when ctx is done.
func Start(ctx context.Context, manner Manner) *Controller {
	c := &Controller{
		manner: manner,
		queue:  make(chan request),
		over:   make(chan struct{}),
		store:  store{revision: map[string]int{}},
	}
	go c.run(ctx)
	return c
}

// Reconcile has one object looked at and returns when that is done.
func (c *Controller) Reconcile(key string) error {
	r := request{key: key, done: make(chan error)}
	c.queue <- r
	return <-r.done
}

// Wait returns when the loop has ended.
func (c *Controller) Wait() {
	<-c.over
}

// run is the loop.
func (c *Controller) run(ctx context.Context) {
	defer close(c.over)
	for {
		select {
		case r := <-c.queue:
			if c.manner == DeferInLoop {
				turn, cancel := context.WithCancel(ctx)
				defer cancel() // the variant: runs when the loop ends, not the turn
				r.done <- c.store.apply(turn, r.key)
				continue
			}
			r.done <- c.turn(ctx, r.key)
		case <-ctx.Done():
			return
		}
	}
}

// turn handles one object under a context of its own.
func (c *Controller) turn(ctx context.Context, key string) error {
	ctx, cancel := context.WithCancel(ctx)
	if c.manner == CancelEachTurn {
		defer cancel()
	} else {
		_ = cancel // the bug: this keeps compiler and vet quiet, and cancels nothing
	}
	return c.store.apply(ctx, key)
}

// store stands for the API server.
type store struct {
	revision map[string]int
}

// apply writes the wanted state of key unless ctx is done.
func (s *store) apply(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.revision[key]++
	return nil
}
