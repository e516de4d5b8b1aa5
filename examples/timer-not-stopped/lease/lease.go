// Package lease gives out leases that end after a day.
package lease

import (
	"context"
	"sync/atomic"
	"time"
)

// How long things may last.
const (
	term   = 24 * time.Hour
	notice = 12 * time.Hour
	renew  = 6 * time.Hour
	probe  = time.Millisecond
)

// Lease is what a holder has.
type Lease struct {
	name    string
	ctx     context.Context
	cancel  context.CancelFunc
	warning *time.Timer
	renewal *time.Ticker
	warned  int32
	over    chan struct{}
	unhook  func() bool
}

// Office gives out leases.
type Office struct {
	fixed  bool
	ctx    context.Context
	active []*Lease
	probes []context.Context
	failed int
}

// NewOffice makes an office whose leases end with ctx at the latest.
func NewOffice(ctx context.Context, fixed bool) *Office {
	return &Office{fixed: fixed, ctx: ctx}
}

// Grant gives out a lease with a warning halfway and a renewal now and then.
func (o *Office) Grant(name string) *Lease {
	ctx, cancel := context.WithTimeout(o.ctx, term)
	l := &Lease{name: name, ctx: ctx, cancel: cancel, over: make(chan struct{})}
	l.warning = time.AfterFunc(notice, l.warn)
	l.renewal = time.NewTicker(renew)
	l.unhook = hook(ctx, l.warn)
	go l.keep()
	o.active = append(o.active, l)
	return l
}

// Return takes a lease back.
func (o *Office) Return(l *Lease) {
	for i, have := range o.active {
		if have == l {
			last := len(o.active) - 1
			o.active[i], o.active[last] = o.active[last], nil
			o.active = o.active[:last]
			break
		}
	}
	if o.fixed {
		l.end()
	}
	// the bug: off the list is not the end of it; the timers run for hours
}

// Close ends the leases that are out.
func (o *Office) Close() {
	for _, l := range o.active {
		l.end()
	}
}

// Probe asks a store that does not answer in time.
func (o *Office) Probe() {
	ctx, cancel := context.WithTimeout(o.ctx, probe)
	defer cancel()
	<-ctx.Done()
	o.failed++
	if !o.fixed {
		o.probes = append(o.probes, ctx) // kept for a report that nobody prints
	}
}

// end stops all that runs for the lease.
func (l *Lease) end() {
	l.unhook()
	l.warning.Stop()
	l.renewal.Stop()
	l.cancel()
	<-l.over
}

// warn notes that the lease ends soon.
func (l *Lease) warn() {
	atomic.StoreInt32(&l.warned, 1)
}

// keep renews the lease until it is over.
func (l *Lease) keep() {
	defer close(l.over)
	for {
		select {
		case <-l.renewal.C:
		case <-l.ctx.Done():
			return
		}
	}
}
