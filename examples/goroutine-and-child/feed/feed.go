// Package feed sends news to subscribers.
package feed

import (
	"context"
	"sync"
)

// Broker knows the subscriptions.
type Broker struct {
	fixed bool
	ctx   context.Context
	next  int
	subs  map[int]*subscription
	tasks sync.WaitGroup
}

// subscription is one reader of the feed.
type subscription struct {
	cancel  context.CancelFunc
	started chan struct{}
}

// NewBroker makes a broker whose subscriptions end with ctx at the latest.
func NewBroker(ctx context.Context, fixed bool) *Broker {
	return &Broker{fixed: fixed, ctx: ctx, subs: map[int]*subscription{}}
}

// Subscribe starts a subscription and returns its number.
func (b *Broker) Subscribe() int {
	ctx, cancel := context.WithCancel(b.ctx)
	s := &subscription{cancel: cancel, started: make(chan struct{})}
	b.next++
	b.subs[b.next] = s
	b.tasks.Add(1)
	go b.deliver(ctx, s.started)
	<-s.started
	return b.next
}

// Unsubscribe ends a subscription.
func (b *Broker) Unsubscribe(number int) {
	if b.fixed {
		b.subs[number].cancel()
	}
	delete(b.subs, number) // the bug: the last reference to cancel goes, uncalled
}

// Wait returns when all deliveries have ended.
func (b *Broker) Wait() {
	b.tasks.Wait()
}

// deliver sends news until ctx is done.
func (b *Broker) deliver(ctx context.Context, started chan<- struct{}) {
	defer b.tasks.Done()
	close(started)
	<-ctx.Done()
}
