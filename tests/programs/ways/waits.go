package main

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func init() {
	for _, w := range []way{
		{name: "receive of nil", parked: 1, only: "lost", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			k.begin("chan receive (nil chan)")
			var none chan int
			<-none
			cancel()
		}},
		{name: "send to nil", parked: 1, only: "lost", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			defer cancel()
			k.begin("chan send (nil chan)")
			var none chan int
			none <- 1
		}},
		{name: "select without cases", parked: 1, only: "lost", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			defer cancel()
			k.begin("select (no cases)")
			select {}
		}},
		{name: "select of nil", parked: 1, only: "lost", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			defer cancel()
			k.begin("select")
			var a, b chan int
			select {
			case <-a:
			case b <- 1:
			}
		}},
		{name: "send", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan int)
			k.share(c)
			k.begin("chan send")
			c <- 1
			cancel()
		}},
		{name: "send of it", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan context.CancelFunc)
			k.share(c)
			k.begin("chan send")
			c <- cancel
		}},
		{name: "send to a full buffer", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan job, 1)
			k.share(c)
			c <- job{}
			k.begin("chan send")
			c <- job{"", cancel}
		}},
		{name: "range", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan []int)
			k.share(c)
			k.begin("chan receive")
			for range c {
			}
			cancel()
		}},
		{name: "select", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			a, b, c := make(chan int), make(chan string), make(chan *job)
			k.share(b)
			k.begin("select")
			select {
			case <-a:
			case <-b:
			case c <- nil:
			}
			cancel()
		}},
		{name: "select that sends it", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			a, b, c := make(chan context.CancelFunc), make(chan string), make(chan any)
			k.share(a)
			k.begin("select")
			select {
			case a <- cancel:
			case <-b:
			case c <- cancel:
			}
		}},
		{name: "mutex", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			s := new(struct {
				mu sync.Mutex
				at *job
			})
			k.share(s)
			s.mu.Lock()
			k.begin("semacquire", "sync.Mutex.Lock")
			s.mu.Lock()
			cancel()
		}},
		{name: "mutex of one that is stuck", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			s := new(struct {
				mu     sync.Mutex
				cancel context.CancelFunc
			})
			s.cancel = cancel
			s.mu.Lock()
			go func() {
				k.begin("semacquire", "sync.Mutex.Lock")
				s.mu.Lock()
				s.cancel()
			}()
			k.halt()
			s.mu.Unlock()
		}},
		{name: "read-write mutex", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			s := new(struct {
				mu sync.RWMutex
				at *job
			})
			k.share(s)
			s.mu.RLock()
			locking := make(chan bool)
			go func() {
				k.begin("semacquire", "sync.RWMutex.Lock")
				locking <- true
				s.mu.Lock()
				s.at.stop()
			}()
			<-locking
			for s.mu.TryRLock() { // until the other has said that it wants to write
				s.mu.RUnlock()
				runtime.Gosched()
			}
			k.begin("semacquire", "sync.RWMutex.RLock")
			s.mu.RLock()
			cancel()
		}},
		{name: "wait group", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			s := new(struct {
				wg sync.WaitGroup
				at *job
			})
			k.share(s)
			s.wg.Add(1)
			k.begin("semacquire", "sync.WaitGroup.Wait")
			s.wg.Wait()
			cancel()
		}},
		{name: "errgroup whose workers are stuck", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			g := new(struct {
				wg     sync.WaitGroup
				cancel context.CancelFunc
			})
			g.cancel = cancel
			g.wg.Add(1)
			go func() {
				defer g.wg.Done()
				k.halt()
			}()
			k.begin("semacquire", "sync.WaitGroup.Wait")
			g.wg.Wait()
			g.cancel()
		}},
		{name: "condition", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := sync.NewCond(new(sync.Mutex))
			k.share(c)
			c.L.Lock()
			k.begin("sync.Cond.Wait")
			c.Wait()
			cancel()
		}},
		{name: "timer's channel", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			t := time.NewTimer(10 * time.Hour)
			if k.lost {
				t.Stop()
			}
			k.begin("chan receive")
			<-t.C
			cancel()
		}},
		{name: "ticker's channel", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			t := time.NewTicker(10 * time.Hour)
			if k.lost {
				t.Stop()
			}
			k.begin("select")
			select {
			case <-t.C:
			case <-make(chan int):
			}
			cancel()
		}},
		{name: "context that nobody can cancel", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, stop := context.WithCancel(context.Background())
			k.share(stop)
			k.begin("chan receive")
			<-ctx.Done()
			cancel()
		}},
		{name: "context that nobody can cancel, and that a variable has", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, stop := context.WithCancel(context.Background())
			keep = append(keep, ctx)
			k.share(stop)
			k.begin("chan receive")
			<-ctx.Done()
			cancel()
		}},
		{name: "children of a context that nobody can cancel", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, stop := context.WithCancel(context.Background())
			keep = append(keep, ctx)
			k.share(stop)
			other, end := context.WithCancel(context.WithValue(ctx, cancelKey{}, 1))
			go func() {
				defer end()
				k.begin("chan receive")
				<-ctx.Done()
			}()
			k.begin("select")
			select {
			case <-other.Done():
			case <-make(chan int):
			}
			cancel()
		}},
		{name: "io.Pipe", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			r, w := io.Pipe()
			k.share(w)
			k.begin("select")
			r.Read(make([]byte, 1))
			cancel()
			w.Close()
		}},
		{name: "net.Pipe", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			a, b := net.Pipe()
			k.share(b)
			k.begin("select")
			a.Read(make([]byte, 1))
			cancel()
			b.Close()
		}},
		{name: "sync.Once of one that is stuck", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			s := new(struct {
				once sync.Once
				at   *job
			})
			inside := make(chan bool)
			go s.once.Do(func() {
				inside <- true
				k.halt()
			})
			<-inside
			k.begin("semacquire", "sync.Mutex.Lock")
			s.once.Do(func() {})
			cancel()
		}},
		{name: "semaphore", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			free := make(chan struct{}, 2)
			k.share(free)
			free <- struct{}{}
			free <- struct{}{}
			defer cancel()
			k.begin("chan send")
			free <- struct{}{}
		}},
		{name: "request that is not answered", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			type request struct {
				answer chan int
				cancel context.CancelFunc
			}
			requests := make(chan *request)
			k.share(requests)
			r := &request{make(chan int), cancel}
			k.begin("chan send")
			requests <- r
			<-r.answer
		}},
		{name: "request whose answer another waits for", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			type request struct {
				answer chan int
				cancel context.CancelFunc
			}
			requests := make(chan *request)
			k.share(requests)
			r := &request{make(chan int), cancel}
			go func() {
				k.begin("chan receive")
				<-r.answer
				r.cancel()
			}()
			k.begin("chan send")
			requests <- into(*r)
		}},
		{name: "goroutine that exits", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			defer cancel()
			defer k.halt()
			runtime.Goexit()
		}},
		{name: "ticker", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			t := time.NewTicker(10 * time.Hour)
			defer t.Stop()
			k.begin("chan receive")
			for range t.C {
				cancel()
			}
		}},
		{name: "accept", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			use(err == nil)
			k.begin("IO wait")
			l.Accept()
			cancel()
		}},
		{name: "itself", parked: 1, freed: true, only: "lost", hold: func(k *keeper, ctx context.Context, cancel context.CancelFunc) {
			defer cancel()
			k.begin("chan receive")
			<-ctx.Done()
		}},
		{name: "two contexts, mutually", parked: 2, freed: true, hold: func(k *keeper, ctx context.Context, cancel context.CancelFunc) {
			other, stop := context.WithCancel(k.parent)
			k.share(stop)
			go func() {
				k.begin("chan receive")
				<-ctx.Done()
				stop()
			}()
			k.begin("chan receive")
			<-other.Done()
			cancel()
		}},
		{name: "two channels, mutually", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			a, b := make(chan int), make(chan context.CancelFunc)
			k.share(a)
			go func() {
				stuck := *k
				stuck.lost, stuck.label = true, k.label+" stuck"
				stuck.halt()
				a <- 1
				b <- nil
			}()
			k.begin("select")
			select {
			case <-a:
				cancel()
			case b <- cancel:
			}
		}},
		{name: "ring of channels", parked: 5, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			first := make(chan context.CancelFunc)
			k.share(first)
			in := first
			for i := 0; i < 4; i++ {
				from, to := in, make(chan context.CancelFunc)
				in = to
				go func() {
					k.begin("chan receive")
					to <- <-from
				}()
			}
			k.begin("chan receive")
			<-in
			cancel()
			first <- cancel
		}},
		{name: "one that is to take it from a stuck one", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan context.CancelFunc)
			go func() {
				k.begin("chan receive")
				(<-c)()
			}()
			k.halt()
			c <- cancel
		}},
		{name: "sleep", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			k.begin("sleep")
			time.Sleep(10 * time.Hour)
			cancel()
		}},
		{name: "one that a sleeping one wakes", parked: 2, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan int)
			go func() {
				k.begin("chan receive")
				<-c
				cancel()
			}()
			k.begin("sleep")
			time.Sleep(10 * time.Hour)
			close(c)
		}},
		{name: "read of a pipe", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			r, w, err := os.Pipe()
			use(err == nil)
			k.begin("IO wait")
			r.Read(make([]byte, 1))
			cancel()
			w.Close()
		}},
		{name: "system call", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			var fds [2]int
			use(syscall.Pipe(fds[:]) == nil)
			k.begin("syscall")
			syscall.Read(fds[0], make([]byte, 1))
			cancel()
		}},
		{name: "locked to its thread", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			runtime.LockOSThread()
			k.halt()
			cancel()
		}},
	} {
		ways = append(ways, w)
	}
}

var over int32

// busy: goroutines that do not park. They are alone: what a register of theirs holds from whoever ran on the thread before counts as held, to the
// collector as well.
var busy = []way{
	{name: "running", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
		k.rec.Begin(runs(k.label))
		for atomic.LoadInt32(&over) == 0 {
		}
		cancel()
	}},
	{name: "yielding", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
		k.rec.Begin(runs(k.label))
		for atomic.LoadInt32(&over) == 0 {
			runtime.Gosched()
		}
		cancel()
	}},
}
