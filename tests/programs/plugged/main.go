// Package main is what program places loads: as a plugin it makes contexts in
// the program's own runtime and tells the program's recorder of them; as a
// library of C's kind it has a runtime, and contexts, of its own.
package main

import "C"

import (
	"context"

	"goctx.test/programs/truth"
)

var held []context.CancelFunc

//export goctx_plug
func goctx_plug() C.int {
	for i := 0; i < 7; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		held = append(held, cancel)
		begun := make(chan bool)
		go func() { close(begun); <-ctx.Done() }()
		<-begun
	}
	return C.int(len(held))
}

// Plug makes a context with a goroutine that waits for it.
func Plug(r *truth.Recorder, parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	held = append(held, cancel)
	r.Keep("plugged", ctx, parent)
	go wait(r, ctx)
	r.Await(1)
}

//go:noinline
func wait(r *truth.Recorder, ctx context.Context) {
	expect := truth.On("waits in the plugin", "chan receive", ctx)
	r.Begin(&expect)
	<-ctx.Done()
}

func main() {}
