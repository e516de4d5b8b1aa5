// Program itself brings about one situation, named by its argument: goroutines and contexts that are forgotten, each beside a healthy one that looks
// alike.  It tells what leaks says of it, {"type":"fact","name":"rule"|"count","value":…}, nothing where all is well; then it says READY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

const n = 40

type session struct {
	id     int
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	in     chan int
}

var (
	open    = map[int]*session{} // what is still in use
	cancels []context.CancelFunc // a registry of nothing but these
	begun   sync.WaitGroup
)

func fact(rule string, count int) {
	for name, value := range map[string]any{"rule": rule, "count": count} {
		json.NewEncoder(os.Stdout).Encode(map[string]any{"type": "fact", "name": name, "value": value})
	}
}

//go:noinline
func (s *session) beat() {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	begun.Done()
	for {
		select {
		case <-t.C:
			s.id++
		case <-s.ctx.Done():
			return
		}
	}
}

//go:noinline
func (s *session) beatUntilClosed() {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	begun.Done()
	for {
		select {
		case <-t.C:
			s.id++
		case <-s.done:
			return
		}
	}
}

//go:noinline
func (s *session) read() {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	begun.Done()
	for {
		select {
		case <-t.C:
			s.in <- 1
		case <-s.ctx.Done():
			return
		}
	}
}

//go:noinline
func (s *session) write() {
	begun.Done()
	for {
		select {
		case i := <-s.in:
			s.id += i
		case <-s.ctx.Done():
			return
		}
	}
}

//go:noinline
func makeSession(root context.Context, id int) *session {
	s := &session{id: id, done: make(chan struct{}), in: make(chan int)}
	s.ctx, s.cancel = context.WithCancel(root)
	return s
}

// sessions are kept where they are in use; they are started one by one.
func sessions(root context.Context, kept bool, run func(s *session)) {
	for i := 0; i < n; i++ {
		s := makeSession(root, i)
		if kept {
			open[i] = s
		}
		run(s)
	}
}

func start(fs ...func()) {
	begun.Add(len(fs))
	for _, f := range fs {
		go f()
	}
}

// janitor holds sessions that nobody else does, and cancels the idle ones when its timer fires.
//
//go:noinline
func janitor(root context.Context, mine map[int]*session) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	begun.Done()
	for {
		select {
		case <-t.C:
			for id, s := range mine {
				s.cancel()
				delete(mine, id)
			}
		case <-root.Done():
			return
		}
	}
}

func janitors(root context.Context) {
	for k := 0; k < 10; k++ {
		mine := map[int]*session{}
		for i := 0; i < n; i++ {
			mine[i] = makeSession(root, i)
			s := mine[i]
			start(s.beat)
		}
		start(func() { janitor(root, mine) })
	}
}

// attempts end by themselves: what they wait for they have made for themselves.
func attempts(root context.Context) {
	for i := 0; i < n; i++ {
		start(func() {
			ctx, cancel := context.WithCancel(root)
			defer cancel()
			begun.Done()
			select {
			case <-ctx.Done():
			case <-time.After(time.Hour):
			}
		})
	}
}

type conn struct {
	peer *net.TCPAddr
	n    int
}

func (c *conn) close() { c.n++ }

//go:noinline
func closeAtEnd(root context.Context, c *conn) {
	begun.Done()
	<-root.Done()
	c.close()
}

// handlers end, and leave a goroutine that waits for the program to end.
func handlers(root context.Context, kept map[int]*conn) {
	for i := 0; i < n; i++ {
		over := make(chan bool)
		go func(i int) {
			c := &conn{peer: &net.TCPAddr{Port: i}}
			if kept != nil {
				kept[i] = c
			}
			start(func() { closeAtEnd(root, c) })
			close(over)
		}(i)
		<-over
	}
}

var conns = map[int]*conn{}

// pool is made at once.
func pool(root context.Context) {
	for i := 0; i < n; i++ {
		start(func() {
			begun.Done()
			<-root.Done()
		})
	}
}

//go:noinline
func flow(root context.Context) int {
	ctx, cancel := context.WithCancel(root)
	cancels = append(cancels, cancel)
	if ctx.Err() != nil {
		return 0
	}
	return 1
}

// flows are made by a goroutine that ends: no stack has a word of theirs left.
func flows(root context.Context) {
	over := make(chan bool)
	go func() {
		for i := 0; i < 2*n; i++ {
			flow(root)
		}
		close(over)
	}()
	<-over
}

// settle: all but this one wait.
func settle() {
	begun.Wait()
	text := make([]byte, 4<<20)
	for {
		stacks := string(text[:runtime.Stack(text, true)])
		if strings.Count(stacks, " [running") == 1 && !strings.Contains(stacks, " [runnable") {
			return
		}
		runtime.Gosched()
	}
}

func bring(root context.Context, situation string) {
	switch situation {
	case "ticking":
		fact("only-itself", n)
		sessions(root, false, func(s *session) { start(s.beat) })
	case "ticking, kept":
		sessions(root, true, func(s *session) { start(s.beat) })
	case "channel":
		fact("only-itself", n)
		sessions(root, false, func(s *session) { start(s.beatUntilClosed) })
	case "channel, kept":
		sessions(root, true, func(s *session) { start(s.beatUntilClosed) })
	case "pairs":
		fact("only-itself", 2*n)
		sessions(root, false, func(s *session) { start(s.read, s.write) })
	case "pairs, kept":
		sessions(root, true, func(s *session) { start(s.read, s.write) })
	case "janitors":
		janitors(root)
	case "attempts":
		attempts(root)
	case "handlers":
		fact("until-exit", n)
		handlers(root, nil)
	case "handlers, kept":
		handlers(root, conns)
	case "pool":
		pool(root)
	case "registry":
		fact("nobody-looks", 2*n)
		flows(root)
	case "asleep":
		fact("only-itself", n)
		sleepers(false, 0)
	case "asleep, kept":
		sleepers(true, 0)
	case "asleep, young":
		sleepers(false, 100*n)
	case "homemade timeouts":
		homemade(root)
	case "pollers":
		pollers(root)
	case "listeners":
		fact("unclosed", n)
		listeners(false)
	case "listeners, kept":
		listeners(true)
	case "far deadlines":
		fact("accumulation", 2*n)
		timeouts(root)
	case "registry of sessions":
		sessions(root, true, func(s *session) { cancels = append(cancels, s.cancel) })
	}
}

func main() {
	root, stop := context.WithCancel(context.Background())
	defer stop()
	bring(root, os.Args[1])
	settle()
	runtime.GC()
	runtime.GC()
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
}
