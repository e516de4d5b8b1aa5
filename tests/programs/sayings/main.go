// Program sayings brings about one situation, named by its argument, of which something untrue could be said; then it says READY.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

type key string
type pathKey struct{}

var (
	kept    context.Context
	started = make(chan int)
	never   = make(chan int)
)

// many has distinct keys of one type, one has one key again and again; neither chain is of use to a frame.
func many(n int) {
	ctx := context.Background()
	for i := 0; i < n; i++ {
		ctx = context.WithValue(ctx, key(fmt.Sprint("flag", i)), i)
	}
	kept = ctx
}

func one(n int) {
	ctx := context.Background()
	for i := 0; i < n; i++ {
		ctx = context.WithValue(ctx, key(fmt.Sprint("fl", "ag")), i)
	}
	kept = ctx
}

// walk makes a layer a level, and undoes it when it returns.
//
//go:noinline
func walk(ctx context.Context, depth int) {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, pathKey{}, depth))
	defer cancel()
	if depth == 0 {
		started <- 1
		<-ctx.Done()
		return
	}
	walk(ctx, depth-1)
}

// group is what an errgroup is: who waits for it holds it, and it the CancelFunc.
type group struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func (g *group) run(f func()) {
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		f()
	}()
}

func (g *group) wait() {
	g.wg.Wait()
	g.cancel()
}

//go:noinline
func nested(ctx context.Context, depth int) {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, pathKey{}, depth))
	g := &group{cancel: cancel}
	g.run(func() {
		if depth == 0 {
			started <- 1
			<-ctx.Done()
			return
		}
		nested(ctx, depth-1)
	})
	g.wait()
}

// short drops a CancelFunc, but what waits below has a deadline; long has none.
//
//go:noinline
func short() {
	outer, _ := context.WithCancel(context.Background())
	inner, cancel := context.WithTimeout(outer, time.Hour)
	go func() {
		started <- 1
		<-inner.Done()
		cancel()
	}()
}

//go:noinline
func long() {
	outer, _ := context.WithCancel(context.Background())
	go func() {
		started <- 1
		<-outer.Done()
	}()
}

func repeat(n int, f func()) {
	for i := 0; i < n; i++ {
		f()
		<-started
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

func main() {
	base, stop := context.WithCancel(context.Background())
	switch os.Args[1] {
	case "many keys":
		many(130)
	case "one key":
		one(130)
	case "recursion":
		repeat(3, func() { go walk(base, 120) })
	case "groups":
		go nested(base, 105)
		<-started
	case "short":
		repeat(20, short)
	case "long":
		repeat(20, long)
	case "nil select":
		go func() {
			var a, b chan int
			select {
			case <-a:
			case <-b:
			}
		}()
	case "mutex":
		go func() {
			var own struct { // with a pointer: of the smallest objects several lie in one slot, and one that is reached keeps all
				mu   sync.Mutex
				next *int
			}
			own.mu.Lock()
			own.mu.Lock()
		}()
	}
	settle()
	runtime.GC()
	runtime.GC()
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	stop()
	runtime.KeepAlive(kept)
}
