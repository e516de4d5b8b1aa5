// Program places is small, tells all of itself, and takes part in whatever is
// asked for: many threads or mappings, collecting all the time, a main thread
// that ends, a panic, a plugin. It is built as a program, as an archive and as a
// shared object for C (library.go).
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"goctx.test/programs/truth"
)

var (
	threads    = flag.Int("threads", 0, "goroutines in a system call, each on a thread of its own")
	mappings   = flag.Int("mappings", 0, "mappings of one page, no two next to each other alike")
	collect    = flag.Bool("collect", false, "collect garbage, again and again")
	leaderless = flag.Bool("leaderless", false, "end the main thread")
	bare       = flag.Bool("bare", false, "SIGABRT ends it at once, without a handler of Go's")
	end        = flag.String("end", "return", "at the end of input: return, panic, fault, throw or memory")
	load       = flag.String("load", "", "a plugin, or a library of C's kind, that makes contexts too")
)

const lost = 5 // contexts that nobody can cancel any more

// place is what all goroutines of the program share.
type place struct {
	r      *truth.Recorder
	server context.Context
	held   []interface{}
}

func main() { run() }

func run() {
	flag.Parse()
	p := &place{r: truth.NewRecorder()}
	server, cancel := context.WithCancel(context.Background())
	p.hold(cancel)
	p.server = p.r.Keep("server", server, context.Background())
	p.contexts()
	p.waiters()
	p.lose()
	p.sit(*threads)
	p.mapPages(*mappings)
	if *collect {
		go p.collect()
		p.r.Await(1)
	}
	if *load != "" {
		p.load(*load)
	}
	if *bare {
		useDefault()
	}
	if *leaderless {
		p.loseLeader() // does not return
	}
	p.finish()
}

func (p *place) finish() {
	p.r.Finish()
	finale(*end)
	runtime.KeepAlive(p)
}

func (p *place) hold(what interface{}) { p.held = append(p.held, what) }

// child makes a context and keeps its CancelFunc.
func (p *place) child(label string, parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	p.hold(cancel)
	return p.r.Keep(label, ctx, parent)
}

type key string

func (p *place) contexts() {
	request := p.r.Keep("request", context.WithValue(p.server, key("request"), edition), p.server)
	call := p.child("call", request)
	p.child("call of a call", call)
	timed, cancel := context.WithTimeout(call, 5*time.Hour)
	p.hold(cancel)
	p.r.Keep("timed", timed, call)
	p.r.Keep("user", context.WithValue(timed, key("user"), 17), timed)
	over, cancel := context.WithCancel(p.server)
	p.r.Keep("canceled", over, p.server)
	p.child("canceled by its parent", over)
	cancel()
	late, cancel := context.WithDeadline(p.server, time.Now().Add(-time.Hour))
	p.hold(cancel)
	p.r.Keep("expired", late, p.server)
	many := p.child("many", context.TODO())
	for i := 0; i < 12; i++ {
		p.child("", many)
	}
}

// waiters parks goroutines in a few of the ways that there are.
func (p *place) waiters() {
	one, other := p.child("for one", p.server), p.child("for another", p.server)
	never, full := make(chan int), make(chan int)
	var locked sync.Mutex
	locked.Lock()
	p.hold(&locked)
	for _, each := range []struct {
		expect truth.Expected
		wait   func()
	}{
		{truth.On("receives", "chan receive", one), func() { <-one.Done() }},
		{truth.On("selects", "select", one, other), func() {
			select {
			case <-one.Done():
			case <-other.Done():
			}
		}},
		{truth.Expected{Label: "sends", Status: []string{"chan send"},
			Waits: []truth.Wait{{Chan: truth.ChanAddr(full), Op: "send"}}}, func() { full <- 1 }},
		{truth.Expected{Label: "idles", Status: []string{"chan receive"},
			Waits: []truth.Wait{{Chan: truth.ChanAddr(never), Op: "recv"}}}, func() { <-never }},
		{truth.Expected{Label: "locks", Status: []string{"sync.Mutex.Lock", "semacquire"}}, locked.Lock},
		{truth.Expected{Label: "sleeps", Status: []string{"sleep"}}, func() { time.Sleep(5 * time.Hour) }},
	} {
		each := each
		go p.wait(&each.expect, each.wait)
		p.r.Await(1)
	}
	p.hold(never)
	p.hold(full)
}

//go:noinline
func (p *place) wait(expect *truth.Expected, wait func()) {
	p.r.Begin(expect)
	wait()
}

// lose makes contexts whose CancelFunc nobody keeps, and tells which they are.
func (p *place) lose() {
	told := struct {
		Type     string   `json:"type"`
		Contexts []string `json:"contexts"`
	}{Type: "lost"}
	for i := 0; i < lost; i++ {
		ctx := p.lostChild()
		go p.waitForever(ctx)
		p.r.Await(1)
		told.Contexts = append(told.Contexts, truth.Addr(ctx))
	}
	line, err := json.Marshal(told)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", line)
}

//go:noinline
func (p *place) lostChild() context.Context {
	ctx, cancel := context.WithCancel(p.server)
	_ = cancel
	return p.r.Keep("lost", ctx, p.server)
}

//go:noinline
func (p *place) waitForever(ctx context.Context) {
	expect := truth.On("waits for a lost one", "chan receive", ctx)
	p.r.Begin(&expect)
	<-ctx.Done()
}

// collect keeps the collector at work; what it waits for changes all the time.
func (p *place) collect() {
	p.r.Begin(&truth.Expected{Label: "collects", Fickle: true})
	for {
		runtime.GC()
	}
}

// loseLeader ends the main thread, as pthread_exit() in C's main() does. The
// main goroutine is locked to it (package truth), and stays in that call.
func (p *place) loseLeader() {
	go func() {
		awaitLeader()
		p.finish()
		os.Exit(0)
	}()
	exitThread()
}
