// Package orders books orders in a ledger that is elsewhere.
package orders

import (
	"context"
	"fmt"
	"sync"
)

// Server handles each order in a goroutine of its own.
type Server struct {
	fixed  bool
	ctx    context.Context
	ledger ledger

	mu       sync.Mutex
	requests map[int]context.CancelFunc
}

// ledger is the client of the remote ledger, which has stopped to answer.
type ledger struct {
	answers chan error
}

// NewServer makes a server whose requests are children of ctx.
func NewServer(ctx context.Context, fixed bool) *Server {
	return &Server{
		fixed:    fixed,
		ctx:      ctx,
		ledger:   ledger{answers: make(chan error)},
		requests: map[int]context.CancelFunc{},
	}
}

// Accept starts handling order id.
func (s *Server) Accept(id int) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.mu.Lock()
	s.requests[id] = cancel
	s.mu.Unlock()
	go s.handle(ctx, id)
}

// HangUp tells that the client of order id has left.
func (s *Server) HangUp(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[id]()
	delete(s.requests, id)
}

// Close gives the answer that all have been waiting for.
func (s *Server) Close() {
	close(s.ledger.answers)
}

// handle books order id.
func (s *Server) handle(ctx context.Context, id int) error {
	base := context.Background() // the bug: the call does not end with the request
	if s.fixed {
		base = ctx
	}
	callCtx, cancel := context.WithCancel(base)
	defer cancel()
	if err := s.ledger.post(callCtx, id); err != nil {
		return err
	}
	return ctx.Err()
}

// post waits for the ledger or for ctx.
func (l *ledger) post(ctx context.Context, id int) error {
	select {
	case err := <-l.answers:
		return err
	case <-ctx.Done():
		return fmt.Errorf("order %d: %w", id, ctx.Err())
	}
}
