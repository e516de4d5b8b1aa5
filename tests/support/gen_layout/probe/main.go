// Command probe uses every runtime and context type that the helper reads, so that the linker keeps their debug information.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// more holds uses of what newer releases added.
var more []func(context.Context)

// shape keeps an interface conversion and a type assertion with methods (itabs).
type shape interface{ String() string }

type word string

func (w word) String() string { return string(w) }

func contexts() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx, stop := context.WithTimeout(context.WithValue(ctx, word("key"), "value"), time.Hour)
	defer stop()
	for _, use := range more {
		use(ctx)
	}
	fmt.Println(ctx, ctx.Err(), ctx.Value(word("key")), context.TODO())
}

func channels() int {
	in, out, never := make(chan int, 3), make(chan int), make(chan string)
	go func() {
		for n := range in {
			out <- n
		}
		close(out)
	}()
	in <- 1
	close(in)
	sum := 0
	for {
		select {
		case n, ok := <-out:
			if !ok {
				return sum
			}
			sum += n
		case <-never:
		case <-time.After(time.Hour):
		}
	}
}

func condition() {
	var mu sync.Mutex
	woken := false
	cond := sync.NewCond(&mu)
	go func() {
		mu.Lock()
		defer mu.Unlock()
		woken = true
		cond.Broadcast()
	}()
	var group sync.WaitGroup
	group.Add(1)
	go group.Done()
	group.Wait()
	var both sync.RWMutex
	both.Lock()
	both.Unlock()
	mu.Lock()
	defer mu.Unlock()
	for !woken {
		cond.Wait()
	}
}

func maps() int {
	small, large := map[string]int{}, map[int]word{}
	for i := 0; i < 100; i++ {
		large[i] = word(fmt.Sprint(i))
		small[fmt.Sprint(i%3)] = i
	}
	for k := range large {
		delete(large, k+1)
	}
	return len(small) + len(large)
}

func main() {
	contexts()
	condition()
	var any interface{} = word(fmt.Sprint(channels(), maps()))
	if s, ok := any.(shape); ok {
		fmt.Println(s.String())
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	object := new([64]byte)
	runtime.SetFinalizer(object, func(*[64]byte) {})
	runtime.GC()
	debug.FreeOSMemory()
	fmt.Fprintln(os.Stderr, stats.HeapAlloc, time.Now(), string(debug.Stack()))
}
