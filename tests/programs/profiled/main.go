// Program profiled is built with a profile (-pgo) that has its calls of
// context.WithCancel for hot. It parks goroutines whose CancelFuncs have been
// inlined away, and says of their contexts what program stuck does of its own.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

var (
	release = make(chan int)
	told    = make(chan context.Context)
	keep    []interface{}
)

// inDefer leaves its CancelFunc to a deferred call.
//
//go:noinline
func inDefer() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	work(ctx)
	told <- ctx
	<-release
}

// inCall calls it itself.
//
//go:noinline
func inCall() {
	ctx, cancel := context.WithCancel(context.Background())
	work(ctx)
	told <- ctx
	<-release
	cancel()
}

// dropped has none any more.
//
//go:noinline
func dropped() {
	ctx, _ := context.WithCancel(context.Background())
	work(ctx)
	told <- ctx
	<-release
}

// kept keeps it in a variable.
//
//go:noinline
func kept() {
	ctx, cancel := context.WithCancel(context.Background())
	keep = append(keep, cancel)
	work(ctx)
	told <- ctx
	<-release
}

//go:noinline
func work(ctx context.Context) { _ = ctx.Err() }

func main() {
	lines := json.NewEncoder(os.Stdout)
	lines.Encode(map[string]interface{}{"type": "header", "go": "", "program": "profiled", "pid": os.Getpid()})
	for _, one := range []struct {
		name, cancelable string
		run              func()
	}{
		{"in a deferred call", "func", inDefer},
		{"in a call", "func", inCall},
		{"kept", "func", kept},
		{"dropped", "nobody", dropped},
	} {
		go one.run()
		ctx := <-told
		keep = append(keep, ctx)
		addr := fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])
		lines.Encode(map[string]interface{}{"type": "known", "addr": addr, "name": one.name, "cancelable": one.cancelable})
	}
	fmt.Println("READY")
	var buf [64]byte
	for {
		if n, _ := syscall.Read(0, buf[:]); n <= 0 {
			return
		}
	}
}
