// Package main is what program host loads: built with -buildmode=c-shared it
// has a runtime of its own, with -buildmode=plugin it shares the host's.
package main

import "C"

import "context"

var keep []context.CancelFunc

//export GoctxStart
func GoctxStart(n C.int) C.int { return C.int(Start(int(n))) }

// Start makes n contexts with a goroutine each that waits for them.
func Start(n int) int {
	ready := make(chan bool)
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		keep = append(keep, cancel)
		go waitInGuest(ctx, ready)
		<-ready
	}
	return len(keep)
}

//go:noinline
func waitInGuest(ctx context.Context, ready chan bool) {
	ready <- true
	<-ctx.Done()
}

func main() {}
