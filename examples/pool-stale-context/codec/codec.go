// Package codec encodes answers with encoders that are used again and again.
package codec

import (
	"context"
	"sync"
	"sync/atomic"
)

// userKey is where a request's context carries who asks.
type userKey struct{}

// user is what is known of who asks.
type user struct {
	id      int64
	history [1024]byte
}

// encoder writes one answer at a time.
type encoder struct {
	ctx  context.Context // of the request that is being answered
	page [512]byte
}

// encoders are those not in use.
var encoders = sync.Pool{New: func() interface{} { return new(encoder) }}

// Server answers requests.
type Server struct {
	fixed bool
	ctx   context.Context
	asked int64
	sent  int64
}

// NewServer makes a server whose requests end with ctx at the latest.
func NewServer(ctx context.Context, fixed bool) *Server {
	return &Server{fixed: fixed, ctx: ctx}
}

// Burst serves n requests that are all under way at the same time.
func (s *Server) Burst(n int) {
	var encoding, done sync.WaitGroup
	encoding.Add(n)
	done.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer done.Done()
			s.serve(&encoding)
		}()
	}
	done.Wait()
}

// serve answers one request, as soon as all of the burst have begun.
func (s *Server) serve(encoding *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	who := &user{id: atomic.AddInt64(&s.asked, 1)}

	e := encoders.Get().(*encoder)
	e.ctx = context.WithValue(ctx, userKey{}, who)
	encoding.Done()
	encoding.Wait()
	s.answer(e)
	if s.fixed {
		e.ctx = nil
	}
	encoders.Put(e) // the bug: the encoder still has the context of this request
}

// answer sends a page, unless the request is over.
func (s *Server) answer(e *encoder) {
	if e.ctx.Err() == nil {
		atomic.AddInt64(&s.sent, int64(len(e.page)))
	}
}
