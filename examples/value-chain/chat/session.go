// Package chat keeps one session per connected user.
package chat

import (
	"context"
	"sync"
)

// ctxKey is the type of this package's context keys.
type ctxKey int

const (
	userName ctxKey = iota
	lastMessage
	status
)

// Message is what a user sent.
type Message struct {
	Text string
	Raw  [200]byte
}

// sessions holds all open sessions by user.
var sessions sync.Map

// Session is one connected user.
type Session struct {
	fixed bool
	ctx   context.Context
	inbox chan *Message
	taken chan struct{}
	over  chan struct{}
	state *state
}

// state is what the healthy twin changes in place.
type state struct {
	last *Message
}

// Open starts a session; it ends when ctx is done.
func Open(ctx context.Context, user string, fixed bool) *Session {
	s := &Session{
		fixed: fixed,
		inbox: make(chan *Message),
		taken: make(chan struct{}),
		over:  make(chan struct{}),
		state: &state{},
	}
	s.ctx = context.WithValue(ctx, userName, user)
	if fixed {
		s.ctx = context.WithValue(s.ctx, status, s.state)
	}
	sessions.Store(user, s)
	go s.readLoop()
	return s
}

// Deliver gives the session a message and returns when it was taken in.
func (s *Session) Deliver(text string) {
	s.inbox <- &Message{Text: text}
	<-s.taken
}

// Wait returns when the session has ended.
func (s *Session) Wait() {
	<-s.over
}

// readLoop takes messages in until the session ends.
func (s *Session) readLoop() {
	defer close(s.over)
	for {
		select {
		case m := <-s.inbox:
			s.note(m)
			s.taken <- struct{}{}
		case <-s.ctx.Done():
			return
		}
	}
}

// note makes m the last message of the session.
func (s *Session) note(m *Message) {
	if s.fixed {
		s.state.last = m
		return
	}
	s.ctx = context.WithValue(s.ctx, lastMessage, m) // the bug: the old layers all stay below
}
