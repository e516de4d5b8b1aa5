// Program frames has functions that hold contexts in every way that a variable
// can: for GDB to stop in.
package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

type server struct {
	name string
	ctx  context.Context
	kind *context.Context
}

var global = &server{name: "global"}

//go:noinline
func stopHere(n int) int {
	return n + 1
}

//go:noinline
func inFrame(ctx context.Context, s *server, background, todo context.Context) int {
	var none context.Context
	var anything interface{} = ctx
	var emptyAnything interface{} = background
	number := 17
	n := stopHere(1)
	fmt.Fprintln(os.Stderr, ctx, s.name, background, todo, none, anything, emptyAnything, number)
	return n
}

var changes []func()

// onHeap holds its context on the heap: a closure that outlives it changes it.
//
//go:noinline
func onHeap(ctx context.Context) int {
	changes = append(changes, func() { ctx = context.TODO() })
	n := stopHere(2)
	fmt.Fprintln(os.Stderr, ctx)
	return n
}

// gone has no use for its context any more when it stops; what was in the
// registers is overwritten by then.
//
//go:noinline
func gone(n int, list []int) int {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if ctx.Err() == nil {
		return 0
	}
	for _, one := range list {
		n += one
	}
	return n + stopHere(3)
}

func main() {
	root, cancel := context.WithCancel(context.Background())
	defer cancel()
	timed, stop := context.WithTimeout(root, 5*time.Hour)
	defer stop()
	global.ctx = timed
	global.kind = &global.ctx
	for i := 0; i < 20; i++ {
		child, cancel := context.WithCancel(root)
		defer cancel()
		go func() { <-child.Done() }()
	}
	inFrame(root, global, context.Background(), context.TODO())
	onHeap(timed)
	gone(1, []int{2, 3})
	fmt.Println("READY")
}
