package main

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// busy starts groups of goroutines that work for ever, each of which has
// nobody but its own members to hold what they wait on: whenever one of them
// is parked another one can run, or is just about to wake it. None is stuck at
// any moment.
func busy(groups int) {
	for i := 0; i < groups; i++ {
		passOn()
		selecting()
		locking()
		reading()
		signalling()
		waitingForAll()
		cancelling()
		closing()
		tokens()
	}
	go func() {
		for {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}()
}

//go:noinline
func passOn() {
	a, b := make(chan []int), make(chan []int)
	go func() {
		for {
			a <- []int{1}
			<-b
		}
	}()
	go func() {
		for {
			b <- append(<-a, 2)
		}
	}()
}

//go:noinline
func selecting() {
	a, b, c := make(chan int), make(chan int), make(chan string)
	worker := func() {
		for {
			select {
			case a <- 1:
			case <-b:
			case c <- "c":
			}
		}
	}
	go worker()
	go worker()
	go func() {
		for {
			select {
			case <-a:
			case b <- 1:
			case <-c:
			}
		}
	}()
}

//go:noinline
func locking() {
	m := &new([4]sync.Mutex)[1]
	for i := 0; i < 3; i++ {
		go func() {
			for {
				m.Lock()
				runtime.Gosched()
				m.Unlock()
			}
		}()
	}
}

//go:noinline
func reading() {
	m := new(sync.RWMutex)
	for i := 0; i < 2; i++ {
		go func() {
			for {
				m.RLock()
				runtime.Gosched()
				m.RUnlock()
			}
		}()
	}
	go func() {
		for {
			m.Lock()
			runtime.Gosched()
			m.Unlock()
		}
	}()
}

//go:noinline
func signalling() {
	c, turn := sync.NewCond(new(sync.Mutex)), 0
	for i := 0; i < 3; i++ {
		i := i
		go func() {
			for {
				c.L.Lock()
				for turn != i {
					c.Wait()
				}
				turn = (turn + 1) % 3
				c.Broadcast()
				c.L.Unlock()
			}
		}()
	}
}

//go:noinline
func waitingForAll() {
	go func() {
		for {
			g := new(sync.WaitGroup)
			g.Add(3)
			for i := 0; i < 3; i++ {
				go g.Done()
			}
			g.Wait()
		}
	}()
}

//go:noinline
func cancelling() {
	go func() {
		for {
			ctx, cancel := context.WithCancel(context.Background())
			child, cancelChild := context.WithTimeout(ctx, time.Hour)
			done := make(chan int)
			for i := 0; i < 2; i++ {
				go func() {
					<-child.Done()
					done <- 1
				}()
			}
			runtime.Gosched()
			cancel()
			<-done
			<-done
			cancelChild()
		}
	}()
}

//go:noinline
func closing() {
	go func() {
		for {
			c, g := make(chan int), new(sync.WaitGroup)
			g.Add(5)
			for i := 0; i < 5; i++ {
				go func() {
					<-c
					g.Done()
				}()
			}
			runtime.Gosched()
			close(c)
			g.Wait()
		}
	}()
}

//go:noinline
func tokens() {
	c := make(chan int, 2)
	for i := 0; i < 4; i++ {
		go func() {
			for {
				c <- 1
				runtime.Gosched()
				<-c
			}
		}()
	}
}
