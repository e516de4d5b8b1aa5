// Program waits has a goroutine for every way to wait. Each line
// {"type":"wait"} says whether it can be woken: "always", "never", or when one
// of the objects is reached; each object is [first byte, size].
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type object [2]uint64

type record struct {
	Type    string   `json:"type"`
	Label   string   `json:"label"`
	Goid    int64    `json:"goid"`
	Wake    string   `json:"wake"`
	Objects []object `json:"objects"`
}

var (
	records     []*record
	globalMutex sync.Mutex
	globalChan  = make(chan int)
)

func goid() (id int64) {
	var buf [64]byte
	fmt.Sscanf(string(buf[:runtime.Stack(buf[:], false)]), "goroutine %d ", &id)
	return id
}

func of(p unsafe.Pointer, size uintptr) object { return object{uint64(uintptr(p)), uint64(size)} }

// channel is the hchan itself: its first byte is what counts.
func channel(c chan int) object { return of(*(*unsafe.Pointer)(unsafe.Pointer(&c)), 1) }

// wait starts a goroutine that waits in f.
func wait(label, wake string, f func(), objects ...object) {
	started := make(chan int64)
	go func() {
		started <- goid()
		f()
	}()
	records = append(records, &record{"wait", label, <-started, wake, objects})
}

func channels() {
	a, b, full := make(chan int), make(chan int), make(chan int, 1)
	full <- 1
	wait("recv", "objects", func() { <-a }, channel(a))
	wait("recv too", "objects", func() { <-a }, channel(a))
	wait("send", "objects", func() { b <- 1 }, channel(b))
	wait("send to full", "objects", func() { full <- 1 }, channel(full))
	wait("range", "objects", func() {
		for range a {
		}
	}, channel(a))
	c, d := make(chan int), make(chan int)
	wait("select", "objects", func() {
		select {
		case <-c:
		case d <- 1:
		}
	}, channel(c), channel(d))
	var none chan int
	wait("select with nil", "objects", func() {
		select {
		case <-c:
		case <-none:
		case <-globalChan:
		}
	}, channel(c), channel(globalChan))
	wait("select of nil", "never", func() {
		select {
		case <-none:
		case none <- 1:
		}
	})
	wait("nil recv", "never", func() { <-none })
	wait("nil send", "never", func() { none <- 1 })
	wait("empty select", "never", func() { select {} })
	timer := time.NewTimer(time.Hour)
	wait("timer", "objects", func() { <-timer.C }, of(**(**unsafe.Pointer)(unsafe.Pointer(&timer)), 1))
}

func locks() {
	m := new(sync.Mutex)
	m.Lock()
	its := of(unsafe.Pointer(m), unsafe.Sizeof(*m))
	wait("mutex", "objects", m.Lock, its)
	wait("mutex too", "objects", m.Lock, its)
	wait("mutex three", "objects", m.Lock, its)
	globalMutex.Lock()
	wait("global mutex", "objects", globalMutex.Lock, of(unsafe.Pointer(&globalMutex), 8))
	// Two locks in one object: the one that is waited for is meant.
	var two struct {
		first  sync.Mutex
		filler [8]int
		second sync.Mutex
	}
	both := &two
	both.first.Lock()
	both.second.Lock()
	wait("second mutex", "objects", both.second.Lock, of(unsafe.Pointer(&both.second), 8))

	rw := new(sync.RWMutex)
	rw.RLock()
	its = of(unsafe.Pointer(rw), unsafe.Sizeof(*rw))
	wait("write lock", "objects", rw.Lock, its)
	wait("write lock too", "objects", rw.Lock, its)
	settled(2, "rwmutex")
	wait("read lock", "objects", rw.RLock, its)
	wg := new(sync.WaitGroup)
	wg.Add(1)
	its = of(unsafe.Pointer(wg), unsafe.Sizeof(*wg))
	wait("wait group", "objects", wg.Wait, its)
	wait("wait group too", "objects", wg.Wait, its)
}

// waiter is a type with a condition inside.
type waiter struct {
	name string
	mu   sync.Mutex
	cond sync.Cond
	more sync.Cond
}

func (w *waiter) wait() {
	w.mu.Lock()
	w.cond.Wait()
}

func conditions() {
	w := new(waiter)
	w.cond.L, w.more.L = &w.mu, &w.mu
	its := of(unsafe.Pointer(&w.cond), unsafe.Sizeof(w.cond))
	for i := 0; i < 4; i++ {
		wait(fmt.Sprint("condition ", i), "objects", w.wait, its)
	}
	wait("other condition", "objects", func() {
		w.mu.Lock()
		w.more.Wait()
	}, of(unsafe.Pointer(&w.more), unsafe.Sizeof(w.more)))
	// One of five was woken, which shifts tickets.
	c := sync.NewCond(new(sync.Mutex))
	its = of(unsafe.Pointer(c), unsafe.Sizeof(*c))
	woken := make(chan int64)
	for i := 0; i < 5; i++ {
		wait(fmt.Sprint("signal ", i), "objects", func() {
			c.L.Lock()
			c.Wait()
			c.L.Unlock()
			woken <- goid()
			select {}
		}, its)
	}
	settled(5, "sync.Cond.Wait")
	c.Signal()
	id := <-woken
	for _, r := range records {
		if r.Goid == id {
			r.Wake, r.Objects = "never", nil
		}
	}
}

func others() {
	wait("sleep", "always", func() { time.Sleep(time.Hour) })
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	wait("read", "always", func() {
		r.Read(make([]byte, 1))
		w.Close()
	})
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	wait("system call", "always", func() { syscall.Read(p[0], make([]byte, 1)) })
	for _, f := range more {
		f()
	}
}

// more are ways of newer releases.
var more []func()

func main() {
	channels()
	locks()
	conditions()
	others()
	settled(0, "")
	out := json.NewEncoder(os.Stdout)
	for _, r := range records {
		out.Encode(r)
	}
	fmt.Println("READY")
	os.Stdin.Read(make([]byte, 1))
}

// settled waits until nothing but this goroutine runs, and at least n
// goroutines have the text in their traces.
func settled(n int, text string) {
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		buf := make([]byte, 1<<20)
		buf = buf[:runtime.Stack(buf, true)]
		if count(buf, " [running")+count(buf, " [runnable") == 1 && (n == 0 || count(buf, text) >= n) {
			return
		}
	}
	panic("does not settle")
}

func count(buf []byte, what string) (n int) {
	for i := 0; i+len(what) <= len(buf); i++ {
		if string(buf[i:i+len(what)]) == what {
			n++
		}
	}
	return n
}
