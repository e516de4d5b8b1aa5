// Program crowd is a healthy net/http server and its clients in one process: connections kept alive, requests in flight,
// answers that come in pieces, timeouts, clients that give up, a background worker, and signals that end it. "idle" as its
// argument: the clients have been there and rest, their connections open; "busy": they never stop.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	clients = 24
	rounds  = 6
)

type userKey struct{}

// server answers; each request has a deadline and a value of its own.
type server struct {
	jobs chan func(context.Context)
	mux  *http.ServeMux
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), userKey{}, r.RemoteAddr), time.Second)
	defer cancel()
	switch r.URL.Path {
	case "/slow": // until the client gives up, or the deadline
		<-ctx.Done()
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/stream":
		for i := 0; i < 5 && ctx.Err() == nil; i++ {
			fmt.Fprintln(w, "piece", i)
			w.(http.Flusher).Flush()
			pause(ctx, time.Millisecond)
		}
	case "/work": // done by others, under the request's context
		if err := s.fanOut(ctx); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	default:
		io.Copy(w, r.Body)
	}
}

// fanOut gives three jobs to the workers and waits for them.
func (s *server) fanOut(ctx context.Context) error {
	var all sync.WaitGroup
	for i := 0; i < 3; i++ {
		all.Add(1)
		job := func(context.Context) {
			defer all.Done()
			pause(ctx, 200*time.Microsecond)
		}
		select {
		case s.jobs <- job:
		case <-ctx.Done():
			all.Done()
		}
	}
	all.Wait()
	return ctx.Err()
}

// work does jobs until ctx is done.
func (s *server) work(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case job := <-s.jobs:
			job(ctx)
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// once sends one request of each kind.
func once(ctx context.Context, client *http.Client, url string) {
	for _, path := range []string{"/echo", "/stream", "/work", "/slow"} {
		limit := time.Second
		if path == "/slow" {
			limit = 3 * time.Millisecond
		}
		request(ctx, client, url+path, limit)
	}
}

// request: how it ends is the client's own business, as with clients in the wild.
func request(ctx context.Context, client *http.Client, url string, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("hello"))
	if err != nil {
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
}

// crowd runs the clients: rounds times, or for ever; begun is told when each has been there once.
func crowd(ctx context.Context, url string, busy bool, begun *sync.WaitGroup, all *sync.WaitGroup) {
	// as http.DefaultTransport has it: what a dial is made on stays a while with the dial's own stopped timer
	dialer := &net.Dialer{Timeout: time.Hour}
	transport := &http.Transport{MaxIdleConnsPerHost: clients, IdleConnTimeout: time.Hour, DialContext: dialer.DialContext}
	client := &http.Client{Transport: transport}
	for i := 0; i < clients; i++ {
		begun.Add(1)
		all.Add(1)
		go func() {
			defer all.Done()
			for n := 0; (busy || n < rounds) && ctx.Err() == nil; n++ {
				once(ctx, client, url)
				if n == 0 {
					begun.Done()
				}
			}
		}()
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s := &server{jobs: make(chan func(context.Context))}
	web := &http.Server{
		Handler:     http.HandlerFunc(s.handle),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ReadTimeout: time.Minute, IdleTimeout: time.Hour,
	}
	go web.Serve(listener)
	for i := 0; i < 8; i++ {
		go s.work(ctx)
	}
	var begun, all sync.WaitGroup
	busy := len(os.Args) > 1 && os.Args[1] == "busy"
	crowd(ctx, "http://"+listener.Addr().String(), busy, &begun, &all)
	begun.Wait()
	if !busy {
		all.Wait()
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	fmt.Println("READY")
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	web.Shutdown(end)
	os.Exit(0)
}
