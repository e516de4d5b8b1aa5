// Program makers makes contexts in every way that source can be written in, and says where: a record "made" a line of source, with what it calls.
// Goroutines wait for some of them; READY when all wait; stdin's end ends it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"sync"
	"syscall"
	"time"

	"goctx.test/programs/makers/inner"
)

type place struct {
	Type  string `json:"type"`
	Calls string `json:"calls"`
	Func  string `json:"func"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	Count int    `json:"count"`
}

var (
	places = map[string]*place{}
	keep   []any
	begun  sync.WaitGroup
	later  = time.Now().Add(5 * time.Hour)
)

func tell(calls, file string, line int, function string) {
	key := fmt.Sprint(calls, file, line)
	if places[key] == nil {
		places[key] = &place{"made", calls, function, file, line, 0}
	}
	places[key].Count++
}

// here is called in the line that makes a context, and says so.
func here[T any](what T, calls string) T {
	pc, file, line, _ := runtime.Caller(1)
	frame, _ := runtime.CallersFrames([]uintptr{pc + 1}).Next()
	tell(calls, file, line, frame.Function)
	return what
}

// below says it of a function that is too small to say it itself: it does in the line below its head.
func below(f any, calls string) {
	entry := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	file, line := entry.FileLine(entry.Entry())
	tell(calls, file, line+1, entry.Name())
}

// ---- small functions, which are inlined ----

func quick(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(parent)
}

func soon(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(parent, time.Hour)
}

func named(parent context.Context) context.Context {
	return context.WithValue(parent, key{}, "small")
}

// ---- others ----

type key struct{}

type server struct {
	root   context.Context
	cancel context.CancelFunc
}

func (s *server) open() {
	s.root, s.cancel = context.WithCancel(here(context.Background(), "context.WithCancel"))
}

//go:noinline
func (s *server) serve(n int) {
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithTimeout(here(s.root, "context.WithTimeout"), 3*time.Hour)
		keep = append(keep, cancel)
		begun.Add(1)
		go wait(ctx)
	}
}

func wait(ctx context.Context) {
	begun.Done()
	<-ctx.Done()
}

// both has two calls in a line.
func both(s *server) {
	a, _ := context.WithDeadline(context.WithValue(here(here(s.root, "context.WithValue"), "context.WithDeadline"), key{}, 1), later)
	b := context.WithValue(here(a, "context.WithValue"), key{}, 2)
	keep = append(keep, a, b)
}

func inClosure(s *server) func() context.Context {
	return func() context.Context {
		ctx, cancel := context.WithDeadline(here(s.root, "context.WithDeadline"), later)
		keep = append(keep, cancel)
		return ctx
	}
}

func generic[T any](s *server, v T) context.Context {
	return context.WithValue(here(s.root, "context.WithValue"), key{}, v)
}

//go:noinline
func notify(s *server) {
	ctx, stop := signal.NotifyContext(here(s.root, "os/signal.NotifyContext"), syscall.SIGUSR1)
	keep = append(keep, ctx, stop)
}

// worker makes its own, and waits for it.
func worker(s *server) {
	ctx, cancel := context.WithCancel(here(s.root, "context.WithCancel"))
	defer cancel()
	begun.Done()
	<-ctx.Done()
}

//go:noinline
func smallOnes(s *server) {
	below(quick, "context.WithCancel")
	below(soon, "context.WithTimeout")
	below(named, "context.WithValue")
	ctx, cancel := quick(s.root)
	later, stop := soon(ctx)
	keep = append(keep, cancel, stop, named(later))
}

func main() {
	s := &server{}
	s.open()
	s.serve(25)
	both(s)
	keep = append(keep, inClosure(s)(), generic(s, 1), generic(s, "one"), generic(s, []int{1}))
	notify(s)
	for i := 0; i < 7; i++ {
		begun.Add(1)
		go worker(s)
		begun.Wait() // they tell one after the other
	}
	smallOnes(s)
	newer(s)
	keep = append(keep, inner.Make(here[context.Context], s.root))
	// What the library makes is not the program's own.
	web := httptest.NewServer(http.NotFoundHandler())
	if resp, err := http.Get(web.URL); err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	begun.Wait()
	out := json.NewEncoder(os.Stdout)
	for _, p := range places {
		out.Encode(p)
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}
