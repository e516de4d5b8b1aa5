// Program ended brings about one situation, named by its argument: goroutines that are still at it although their context has ended, and
// healthy ones that look alike.  It says READY when all of them wait; stdin's end ends it.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

const many = 20

var (
	keep  []any
	begun sync.WaitGroup
	long  = time.Now().Add(-time.Hour) // contexts with this deadline have expired an hour ago
)

// expired is a context of its own, below one that goes on.
func expired(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(parent, long)
}

// root goes on.
func root() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	keep = append(keep, cancel)
	return ctx
}

func each(f func(i int)) {
	for i := 0; i < many; i++ {
		begun.Add(1)
		f(i)
	}
	begun.Wait()
}

// ---- at fault ----

type election struct {
	stop chan struct{}
	held []context.CancelFunc
}

// cycle starts a goroutine that waits for the end of the program, in order to cancel what has ended long ago.
func (e *election) cycle(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		begun.Done()
		<-e.stop
		cancel()
	}()
	<-alreadyDone(ctx, cancel)
}

func alreadyDone(ctx context.Context, cancel context.CancelFunc) <-chan struct{} {
	cancel()
	return ctx.Done()
}

type session struct {
	ctx context.Context
	buf [1024]byte
	n   int
}

func (s *session) message(m string) { s.n += copy(s.buf[:], m) }

// subscription calls back; its goroutine is a library's.
type subscription struct {
	mu   sync.Mutex
	cond *sync.Cond
	call func(string)
	next []string
}

func (s *subscription) deliver() {
	s.mu.Lock()
	begun.Done()
	for len(s.next) == 0 {
		s.cond.Wait()
	}
	s.call(s.next[0])
}

type hub struct{ mu sync.Mutex }

type client struct {
	h   *hub
	ctx context.Context
	n   int
}

func (c *client) leave() {
	begun.Done()
	c.h.mu.Lock()
	c.n++
	c.h.mu.Unlock()
}

//go:noinline
func use(ctx context.Context) bool { return ctx.Err() == nil }

func collect(ctx context.Context, wg *sync.WaitGroup) {
	begun.Done()
	wg.Wait()
	use(ctx)
}

func read(ctx context.Context, r io.Reader) {
	var b [8]byte
	begun.Done()
	r.Read(b[:])
	use(ctx)
}

func sort(ctx context.Context, jobs chan int) {
	begun.Done()
	for range jobs {
		use(ctx)
	}
}

func reconnect(ctx context.Context, rounds int, f func(context.Context)) {
	var cancel context.CancelFunc
	for i := 0; i < rounds; i++ {
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	f(ctx)
}

// ---- healthy ----

type entry struct{ ack chan error }

// append hands an entry on, and waits until it is written.
func write(journal chan entry) error {
	e := entry{make(chan error, 1)}
	journal <- e
	begun.Done()
	return <-e.ack
}

func bySelect(ctx context.Context, journal chan entry, ticks <-chan int) error {
	select {
	case <-ctx.Done():
		write(journal)
		return ctx.Err()
	case <-ticks:
		return nil
	}
}

func byReceive(ctx context.Context, journal chan entry) error {
	<-ctx.Done()
	write(journal)
	return ctx.Err()
}

func byErr(ctx context.Context, journal chan entry, turn chan int) error {
	for ctx.Err() == nil {
		<-turn
	}
	write(journal)
	return ctx.Err()
}

// drain: all have listened, and write what they have left.
func drain(work func(ctx context.Context, journal chan entry)) {
	ctx, cancel := context.WithCancel(context.Background())
	keep = append(keep, ctx.Done())
	journal := make(chan entry, many)
	keep = append(keep, journal)
	for i := 0; i < many; i++ {
		begun.Add(1)
		go work(ctx, journal)
	}
	settle()
	cancel()
	begun.Wait()
}

// serve greets within a deadline, and then goes on for long.
func serve(ctx context.Context, jobs chan int) {
	hello, cancel := expired(ctx)
	defer cancel()
	use(hello)
	begun.Done()
	<-jobs
}

type conn struct {
	hello, ctx context.Context
	jobs       chan int
	n          int
}

func (c *conn) serve() {
	begun.Done()
	c.n += <-c.jobs
}

// push goes on when its request is answered, as those do that have taken the connection over.
func push(r *http.Request, news chan string) {
	begun.Done()
	r.URL.Path = <-news
}

// worker remembers what it has done last.
type worker struct {
	last context.Context
	n    int
}

func (w *worker) work(jobs chan context.Context, more chan int) {
	w.last = <-jobs
	begun.Done()
	w.n += <-more
}

func requests() {
	news := make(chan string)
	keep = append(keep, news)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { go push(r, news) }))
	each(func(int) {
		if resp, err := http.Get(srv.URL); err == nil {
			resp.Body.Close()
		}
	})
}

//go:noinline
func walk(ctx context.Context, depth int, end chan int) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if depth == 0 {
		begun.Done()
		return <-end
	}
	n := walk(ctx, depth-1, end)
	use(ctx)
	return n + 1
}

type board struct{ news chan string }

// ServeHTTP answers with the next piece of news, whether somebody waits for it or not.
func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	go func(ctx context.Context) {
		<-ctx.Done() // the server has seen that the client has gone
		ended.Done()
	}(r.Context())
	begun.Done()
	fmt.Fprintln(w, <-b.news)
}

var ended sync.WaitGroup

// clients go away before their requests are answered.
func clients() {
	b := &board{make(chan string)}
	keep = append(keep, b)
	srv := httptest.NewServer(b)
	var cancels []context.CancelFunc
	ended.Add(many)
	each(func(int) {
		ctx, cancel := context.WithCancel(context.Background())
		cancels = append(cancels, cancel)
		req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
		go http.DefaultClient.Do(req)
	})
	for _, cancel := range cancels {
		cancel()
	}
	ended.Wait()
}

// ---- what is kept ----

type job struct {
	ctx context.Context
	id  int
}

type jobs struct {
	mu  sync.Mutex
	all map[int]*job
}

var list jobs

func (j *jobs) expire() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id := range j.all {
		delete(j.all, id)
	}
}

// peer is a context type of the program's own.
type peer struct{ done chan struct{} }

type peerKey struct{}

func (*peer) Deadline() (time.Time, bool) { return time.Time{}, false }
func (p *peer) Done() <-chan struct{}     { return p.done }
func (*peer) Value(any) any               { return nil }
func (p *peer) Err() error {
	select {
	case <-p.done:
		return context.Canceled
	default:
		return nil
	}
}

// settle returns when no goroutine but the caller's is on its way.
func settle() {
	text := make([]byte, 1<<20)
	for {
		stacks := string(text[:runtime.Stack(text, true)])
		if strings.Count(stacks, " [running") == 1 && !strings.Contains(stacks, " [runnable") {
			return
		}
		runtime.Gosched()
	}
}

func ready() {
	settle()
	runtime.GC()
	runtime.GC()
	fmt.Println("READY")
}

func watchedThroughAValue() {
	p := &peer{make(chan struct{})}
	keep = append(keep, p)
	for i := 0; i < many; i++ {
		ctx, _ := context.WithCancel(context.WithValue(p, peerKey{}, i))
		use(ctx)
	}
}

func main() {
	parent := root()
	never := make(chan int)
	keep = append(keep, never)
	situations := map[string]func(){
		"stop channel": func() {
			e := &election{stop: make(chan struct{})}
			keep = append(keep, e.stop)
			each(func(int) { e.cycle(parent) })
		},
		"method value": func() {
			each(func(int) {
				ctx, cancel := context.WithCancel(parent)
				s := &subscription{call: (&session{ctx: ctx}).message}
				s.cond = sync.NewCond(&s.mu)
				keep = append(keep, s)
				cancel()
				go s.deliver()
			})
		},
		"lock": func() {
			h := &hub{}
			h.mu.Lock()
			keep = append(keep, h)
			each(func(int) {
				ctx, _ := expired(parent)
				go (&client{h: h, ctx: ctx}).leave()
			})
		},
		"wait group": func() {
			wg := new(sync.WaitGroup)
			wg.Add(1)
			keep = append(keep, wg)
			each(func(int) {
				ctx, _ := expired(parent)
				go collect(ctx, wg)
			})
		},
		"input": func() {
			r, w, err := os.Pipe()
			if err != nil {
				panic(err)
			}
			keep = append(keep, w)
			each(func(int) {
				ctx, _ := expired(parent)
				go read(ctx, r)
			})
		},
		"inside of the library": func() {
			each(func(int) {
				r, w := io.Pipe()
				keep = append(keep, w)
				ctx, _ := expired(parent)
				go read(ctx, r)
			})
		},
		"asked by none": func() {
			ctx, cancel := context.WithCancel(parent)
			each(func(int) { go sort(ctx, never) })
			cancel()
		},
		"wraps": func() { reconnect(parent, 3*many, func(context.Context) { ready(); io.Copy(io.Discard, os.Stdin) }) },

		"drain by select": func() {
			ticks := make(chan int)
			drain(func(ctx context.Context, journal chan entry) { bySelect(ctx, journal, ticks) })
		},
		"drain by receive": func() { drain(func(ctx context.Context, journal chan entry) { byReceive(ctx, journal) }) },
		"drain by err": func() {
			ctx, cancel := context.WithCancel(context.Background())
			keep = append(keep, ctx.Done()) // somebody else listens
			journal, turn := make(chan entry, many), make(chan int)
			keep = append(keep, journal)
			each(func(int) { go byErr(ctx, journal, turn); begun.Done() })
			begun.Add(many)
			settle() // all of them wait for their turn
			cancel()
			for i := 0; i < many; i++ {
				turn <- 1
			}
			begun.Wait()
		},
		"first phase": func() { each(func(int) { go serve(parent, never) }) },
		"two contexts": func() {
			each(func(int) {
				hello, cancel := context.WithCancel(parent)
				ctx, stop := context.WithCancel(context.Background())
				c := &conn{hello, ctx, never, 0}
				keep = append(keep, stop)
				cancel()
				go c.serve()
			})
		},
		"pool": func() {
			jobs := make(chan context.Context)
			keep = append(keep, jobs)
			each(func(int) {
				w := &worker{}
				keep = append(keep, w)
				go w.work(jobs, never)
				ctx, cancel := context.WithCancel(parent)
				jobs <- ctx
				cancel()
			})
		},
		"clients":   clients,
		"requests":  requests,
		"recursion": func() { begun.Add(1); go walk(parent, 3*many, never); begun.Wait() },

		"kept until a timer": func() {
			list.all = map[int]*job{}
			for i := 0; i < 3*many; i++ {
				ctx, cancel := context.WithCancel(parent)
				list.all[i] = &job{ctx, i}
				cancel()
			}
			time.AfterFunc(1000*time.Hour, list.expire)
		},
		"kept for ever": func() {
			list.all = map[int]*job{}
			for i := 0; i < 3*many; i++ {
				ctx, cancel := context.WithCancel(parent)
				list.all[i] = &job{ctx, i}
				cancel()
			}
		},
		"watched through a value": watchedThroughAValue,
		"daemon": func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			keep = append(keep, ctx)
			each(func(int) { go func() { begun.Done(); <-ctx.Done() }() })
			go func() {
				io.Copy(io.Discard, os.Stdin)
				os.Exit(0)
			}()
			ready()
			select {}
		},
	}
	situations[os.Args[1]]()
	ready()
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}
