// Program sanitized, built with -race or -asan, has goroutines that are inside of the sanitizer nearly all the time: one that changes
// between calls of all kinds (of C, too, when that is linked in), and one that has done so before and now stays in one function for
// ever, and one that asks for the time.  With "report" a goroutine has begun to report a race, to a pipe that nobody reads.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type record struct {
	n     int
	total int64
	next  *record
	bytes [64]byte
}

var (
	mu    sync.Mutex
	kept  []byte
	flats uint32 // told once it is in its last function
	turns uint32
)

//go:noinline
func leaf(r *record) { r.n++ }

//go:noinline
func branch(r *record) {
	leaf(r)
	mu.Lock()
	r.next = r
	mu.Unlock()
	fresh := make([]byte, 96)
	copy(fresh, r.bytes[:])
	kept = fresh
}

//go:noinline
func trunk(r *record) int {
	branch(r)
	atomic.AddInt64(&r.total, 1)
	copied := *r
	*r.next = copied
	func() { r.n += copied.n }()
	return copied.n
}

//go:noinline
func changing(r *record) int {
	for {
		intoC()
		trunk(r)
		atomic.AddUint32(&turns, 1)
	}
}

//go:noinline
func changes() int { return changing(new(record)) + 1 }

//go:noinline
func flat(r *record) int {
	atomic.StoreUint32(&flats, 1)
	for i := 0; ; i++ {
		r.n += i
		atomic.AddInt64(&r.total, 1)
		copied := *r
		*r.next = copied
	}
}

//go:noinline
func remains(r *record) int {
	intoC()
	for i := 0; i < 10_000; i++ {
		trunk(r)
	}
	return flat(r) + 1
}

//go:noinline
func stays() int { return remains(new(record)) + 1 }

// asks is in the vDSO most of the time, which runs on the same other stack.
//
//go:noinline
func asks(r *record) int {
	for {
		leaf(r)
		for i := 0; i < 20; i++ {
			r.total = time.Now().UnixNano()
		}
	}
}

//go:noinline
func clock() int { return asks(new(record)) + 1 }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "report" {
		report()
	}
	go changes()
	go stays()
	go clock()
	for atomic.LoadUint32(&flats) == 0 || atomic.LoadUint32(&turns) < 1000 {
		runtime.Gosched()
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
}
