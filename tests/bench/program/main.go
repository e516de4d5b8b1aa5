// Program program is a service of a given size that leaks contexts: what
// make bench measures on.
//
// It makes contexts, parks goroutines and fills a heap, all three mixed as
// they are in a service that has run for a while, collects twice, prints READY
// and waits until its standard input is closed.  What it makes depends on its
// flags only.  SIGABRT ends it at once with a core, without a traceback.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// rounds is how often contexts, goroutines and heap take turns.
const rounds = 128

type options struct {
	contexts   int
	goroutines int
	heapMiB    int
	pointers   bool // no byte buffers
	values     int  // per cent of the contexts that are values
}

// service is everything that is made, so that nothing of it is collected.
type service struct {
	options
	rand   *rand.Rand
	scopes scopes
	heap   heap
	parked chan struct{} // one message per goroutine that is about to wait
}

func main() {
	s := &service{rand: rand.New(rand.NewSource(1)), parked: make(chan struct{}, 1024)}
	flag.IntVar(&s.options.contexts, "contexts", 20000, "make `N` contexts")
	flag.IntVar(&s.goroutines, "goroutines", 10000, "park `N` goroutines")
	flag.IntVar(&s.heapMiB, "heap", 64, "keep about `MiB` on the heap")
	flag.BoolVar(&s.pointers, "pointers", false, "fill the heap with small objects only")
	flag.IntVar(&s.values, "values", 10, "make `P` per cent of the contexts values")
	flag.Parse()
	if s.values < 0 || s.values > 45 || s.options.contexts < minContexts {
		fmt.Fprintf(os.Stderr, "program: -values is 0 to 45, -contexts at least %d\n", minContexts)
		os.Exit(2)
	}
	s.fill()
	dieAtOnce(syscall.SIGABRT)
	runtime.GC()
	runtime.GC()
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, "READY")
	out.Flush()
	waitForInput()
	runtime.KeepAlive(s)
}

// fill makes everything, round by round.
func (s *service) fill() {
	s.scopes.init()
	for i := 1; i <= rounds; i++ {
		s.makeContexts(s.options.contexts * i / rounds)
		s.heap.grow(s.rand, uint64(s.heapMiB)<<20*uint64(i)/rounds, s.pointers)
		s.makeTasks(s.goroutines * i / rounds)
	}
	s.heap.churn(s.rand, uint64(s.heapMiB)<<20)
}

// dieAtOnce takes a signal back from the runtime, whose handler would first
// print the stack of every goroutine.
func dieAtOnce(sig syscall.Signal) {
	var action [4]uint64 // struct kernel_sigaction with SIG_DFL, no flags, no mask
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	if errno != 0 {
		fmt.Fprintf(os.Stderr, "program: sigaction: %v\n", errno)
		os.Exit(3)
	}
}

//go:noinline
func waitForInput() {
	var buf [64]byte
	for {
		n, err := syscall.Read(0, buf[:])
		if n == 0 || (err != nil && err != syscall.EINTR && err != syscall.EAGAIN) {
			return
		}
	}
}
