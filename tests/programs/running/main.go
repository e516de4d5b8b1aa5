// Program running has goroutines that are not parked: one that computes, one
// that is mostly in the vDSO asking for the time, and, with cgo, one that waits
// in a callback from C.  When its input ends it does what its argument says:
// "crash" dereferences nil two calls deep.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

var sink, zero int

// Of spin and clock: told as they begin what they do for ever.
var spins, asks uint32

//go:noinline
func spin() {
	atomic.StoreUint32(&spins, 1)
	for {
		sink++
	}
}

//go:noinline
func clock() {
	atomic.StoreUint32(&asks, 1)
	for {
		zero = int(time.Now().UnixNano() >> 63)
	}
}

//go:noinline
func fall(p *int) int { return *p + 1 }

//go:noinline
func stumble(p *int) int { return fall(p) + 1 }

func main() {
	go spin()
	go clock()
	callback()
	for atomic.LoadUint32(&spins) == 0 || atomic.LoadUint32(&asks) == 0 {
		runtime.Gosched()
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	if len(os.Args) > 1 && os.Args[1] == "crash" {
		stumble(nil)
	}
}
