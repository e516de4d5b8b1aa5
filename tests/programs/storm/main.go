// Program storm makes, cancels and passes on contexts on all processors at once, and wakes goroutines in every way, so
// that any moment finds changes half done. Nothing is wrong with it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

type key int

// families makes a tree of contexts again and again, and cancels it from the top, the bottom and by time.
func families(root context.Context) {
	for turn := 0; ; turn++ {
		top, cancel := context.WithCancel(root)
		var cancels []context.CancelFunc
		for i := 0; i < 20; i++ {
			child, stop := context.WithCancel(context.WithValue(top, key(i), turn))
			timed, end := context.WithTimeout(child, time.Duration(i+1)*50*time.Microsecond)
			timed.Done()
			cancels = append(cancels, stop, end)
		}
		if turn%2 == 0 {
			for _, stop := range cancels {
				stop()
			}
		}
		cancel()
		for _, stop := range cancels {
			stop()
		}
	}
}

// broadcasts wakes many goroutines at once by cancelling what they wait for.
func broadcasts(root context.Context) {
	other := make(chan int)
	for {
		ctx, cancel := context.WithCancel(root)
		var all sync.WaitGroup
		for i := 0; i < 50; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				select {
				case <-ctx.Done():
				case <-other:
				}
			}()
		}
		runtime.Gosched()
		cancel()
		all.Wait()
	}
}

// shared has everybody lock the same parent.
func shared(parent context.Context) {
	for {
		_, cancel := context.WithCancel(parent)
		cancel()
	}
}

// traffic passes values through selects on two channels, so that queues change all the time.
func traffic() {
	a, b := make(chan int), make(chan int, 3)
	for i := 0; i < 4; i++ {
		go func() {
			for {
				select {
				case a <- 1:
				case b <- 2:
				}
			}
		}()
		go func() {
			for {
				select {
				case <-a:
				case <-b:
				case <-time.After(time.Microsecond):
				}
			}
		}()
	}
}

func main() {
	root, stop := context.WithCancel(context.Background())
	defer stop()
	go families(root)
	go families(context.WithValue(root, key(-1), "below"))
	go broadcasts(root)
	go shared(root)
	go shared(root)
	newer(root)
	traffic()
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
