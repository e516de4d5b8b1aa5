// Program running has goroutines that are not parked: one that computes, one
// that is mostly in the vDSO asking for the time, and, with cgo, one that waits
// in a callback from C.  When its input ends it does what its argument says:
// "crash" dereferences nil two calls deep.
package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

var sink, zero int

//go:noinline
func spin() {
	for {
		sink++
	}
}

//go:noinline
func clock() {
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
	time.Sleep(50 * time.Millisecond)
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	if len(os.Args) > 1 && os.Args[1] == "crash" {
		stumble(nil)
	}
}
