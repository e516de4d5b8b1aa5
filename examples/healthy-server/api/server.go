// Package api answers price requests from two stores that are asked side by side.
package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Server is the HTTP server with its background work.
type Server struct {
	http   http.Server
	nextID int64
	purges int64
	stop   context.CancelFunc
	purged chan struct{}
}

// NewServer makes a server whose requests end with ctx at the latest.
func NewServer(ctx context.Context) *Server {
	ctx, stop := context.WithCancel(ctx)
	s := &Server{stop: stop, purged: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/price", s.price)
	s.http.Handler = s.withRequestID(mux)
	s.http.BaseContext = func(net.Listener) context.Context { return ctx }
	s.http.ReadHeaderTimeout = 5 * time.Second
	go s.purge(ctx)
	return s
}

// Run serves until Shutdown.
func (s *Server) Run(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown lets running requests end, then ends the background work.
func (s *Server) Shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	s.stop()
	<-s.purged
	return err
}

// purge empties the cache now and then.
func (s *Server) purge(ctx context.Context) {
	defer close(s.purged)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			atomic.AddInt64(&s.purges, 1)
		case <-ctx.Done():
			return
		}
	}
}

// requestID is the key under which a request's context carries its number.
type requestID struct{}

// withRequestID numbers the requests.
func (s *Server) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := fmt.Sprintf("r%d", atomic.AddInt64(&s.nextID, 1))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestID{}, id)))
	})
}

// price asks both stores and answers with the lower price.
func (s *Server) price(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()

	quotes := make(chan int, 2) // room for both: no store waits for a reader that has left
	go ask(ctx, time.Millisecond, 12, quotes)
	go ask(ctx, 2*time.Millisecond, 11, quotes)

	best := 0
	for i := 0; i < cap(quotes); i++ {
		select {
		case q := <-quotes:
			if best == 0 || q < best {
				best = q
			}
		case <-ctx.Done():
			http.Error(w, ctx.Err().Error(), http.StatusGatewayTimeout)
			return
		}
	}
	fmt.Fprintf(w, "%v %d\n", ctx.Value(requestID{}), best)
}

// ask is a store that takes a while to answer.
func ask(ctx context.Context, delay time.Duration, quote int, quotes chan<- int) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		quotes <- quote
	case <-ctx.Done():
	}
}
