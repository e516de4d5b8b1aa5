// Program stepping makes and cancels contexts between the calls of stopHere, for
// GDB to stop there and look at the same context again.
package main

import (
	"context"
	"runtime"
)

//go:noinline
func stopHere(children int) int { return children + 1 }

//go:noinline
func grow(root context.Context) int {
	sum := 0
	var cancels []context.CancelFunc
	for i := 0; i < 3; i++ {
		sum += stopHere(len(cancels))
		_, cancel := context.WithCancel(root)
		cancels = append(cancels, cancel)
	}
	for _, cancel := range cancels {
		cancel()
	}
	sum += stopHere(0)
	return sum
}

func main() {
	runtime.LockOSThread() // one that moves while it is stopped stops again on its new thread
	root, cancel := context.WithCancel(context.Background())
	if grow(root) > 0 {
		cancel()
	}
	stopHere(len(root.Err().Error()))
}
