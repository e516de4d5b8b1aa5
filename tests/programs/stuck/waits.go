package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A kind of wait: what is waited on, and the waiting.
type kind struct {
	name string
	make func() (object interface{}, wait func())
}

var kinds = []kind{
	{"receive", func() (interface{}, func()) {
		c := make(chan int)
		return c, func() { <-c }
	}},
	{"send", func() (interface{}, func()) {
		c := make(chan int)
		return c, func() { c <- 1 }
	}},
	{"receive of pointers", func() (interface{}, func()) {
		c := make(chan *int, 4)
		return c, func() { <-c }
	}},
	{"send to a full buffer", func() (interface{}, func()) {
		c := make(chan *int, 1)
		c <- new(int)
		return c, func() { c <- new(int) }
	}},
	{"range", func() (interface{}, func()) {
		c := make(chan string)
		return c, func() {
			for range c {
			}
		}
	}},
	{"select", func() (interface{}, func()) {
		c, other := make(chan int), make(chan string)
		return c, func() {
			select {
			case <-c:
			case other <- "":
			}
		}
	}},
	{"select of three", func() (interface{}, func()) {
		c, a, b := make(chan int), make(chan string), make(chan []int)
		return c, func() {
			select {
			case <-a:
			case <-b:
			case c <- 1:
			}
		}
	}},
	{"mutex", func() (interface{}, func()) {
		m := &new([4]sync.Mutex)[1] // the smallest objects share their slots with others
		m.Lock()
		return m, m.Lock
	}},
	{"read lock", func() (interface{}, func()) {
		m := new(sync.RWMutex)
		m.Lock()
		return m, m.RLock
	}},
	{"write lock", func() (interface{}, func()) {
		m := new(sync.RWMutex)
		m.RLock()
		return m, m.Lock
	}},
	{"condition", func() (interface{}, func()) {
		c := sync.NewCond(new(sync.Mutex))
		return c, func() {
			c.L.Lock()
			c.Wait()
		}
	}},
	{"wait group", func() (interface{}, func()) {
		g := new(sync.WaitGroup)
		g.Add(1)
		return g, g.Wait
	}},
	{"mutex in a struct", func() (interface{}, func()) {
		s := &struct {
			name string
			mu   sync.Mutex
			next *int
		}{"s", sync.Mutex{}, new(int)}
		s.mu.Lock()
		return s, func() {
			s.mu.Lock()
			use(s)
		}
	}},
}

// Who holds what is waited on, and what follows for the waiter. The function
// may put something of its own around the waiting.
type holder struct {
	name, stage string
	hold        func(x interface{}, wait func()) func()
}

type node struct {
	next *node
	x    interface{}
}

type finalized struct {
	x    interface{}
	name string
}

var (
	globals     []interface{}
	globalMap   = map[int]interface{}{}
	globalChan  = make(chan interface{}, 1000)
	globalNodes *node
	globalSync  sync.Map
)

var holders = []holder{
	{"nobody", stuck, func(x interface{}, wait func()) func() { return wait }},
	{"variable", live, func(x interface{}, wait func()) func() {
		globals = append(globals, x)
		return wait
	}},
	{"chain", live, func(x interface{}, wait func()) func() {
		globalNodes = &node{&node{&node{globalNodes, x}, "between"}, "first"}
		return wait
	}},
	{"map", live, func(x interface{}, wait func()) func() {
		globalMap[len(globalMap)] = x
		return wait
	}},
	{"sync.Map", live, func(x interface{}, wait func()) func() {
		globalSync.Store(x, "a key")
		return wait
	}},
	{"buffer", live, func(x interface{}, wait func()) func() {
		globalChan <- x
		return wait
	}},
	{"stack", live, func(x interface{}, wait func()) func() {
		start("holder on a stack", live, func() { holdOnStack(x) })
		return wait
	}},
	{"dead variable", stuck, func(x interface{}, wait func()) func() {
		start("holder of a dead variable", live, func() { holdDead(x) })
		return wait
	}},
	{"closure", live, func(x interface{}, wait func()) func() {
		globals = append(globals, func() { use(x) })
		return wait
	}},
	{"timer", live, func(x interface{}, wait func()) func() {
		time.AfterFunc(1000*time.Hour, func() { use(x) })
		return wait
	}},
	{"finalizer's function", live, func(x interface{}, wait func()) func() {
		o := &finalized{nil, "held by a variable"}
		runtime.SetFinalizer(o, func(*finalized) { use(x) })
		globals = append(globals, o)
		return wait
	}},
	// What an object with a finalizer leads to is kept for the finalizer.
	{"object with a finalizer", live, func(x interface{}, wait func()) func() {
		o := &finalized{x, "held by the waiter"}
		runtime.SetFinalizer(o, func(*finalized) {})
		return func() {
			wait()
			runtime.KeepAlive(o)
		}
	}},
	{"stuck goroutine", stuck, func(x interface{}, wait func()) func() {
		mine := make(chan int)
		start("stuck holder", stuck, func() {
			<-mine
			use(x)
		})
		return wait
	}},
	{"deferred call of a stuck goroutine", stuck, func(x interface{}, wait func()) func() {
		mine := make(chan int)
		start("stuck holder with a deferred call", stuck, func() {
			defer use(x)
			<-mine
		})
		return wait
	}},
	// Records of calls deferred in loops hang on the g, which the collector follows.
	{"calls deferred in a loop", ownOnly, func(x interface{}, wait func()) func() {
		mine := make(chan int)
		start("stuck holder with calls deferred in a loop", stuck, func() {
			for i := 0; i < 2; i++ {
				defer use(x)
			}
			<-mine
		})
		return wait
	}},
	// So does the collector with what a sudog is to send, when that lies in the heap.
	{"what a stuck goroutine sends", ownOnly, func(x interface{}, wait func()) func() {
		mine, o := make(chan interface{}), &finalized{x, "to be sent"}
		use(o)
		start("stuck sender", stuck, func() { mine <- o.x })
		return wait
	}},
}

//go:noinline
func holdOnStack(x interface{}) {
	<-release
	use(x)
}

//go:noinline
func holdDead(x interface{}) {
	use(x)
	<-release
}

func waits() {
	for _, k := range kinds {
		for _, h := range holders {
			pair(k, h)
		}
	}
}

//go:noinline
func pair(k kind, h holder) {
	object, wait := k.make()
	start(k.name+", "+h.name, h.stage, h.hold(object, wait))
}

// special are waits that nothing decides but themselves, and circles.
func special() {
	start("nil receive", stuck, func() {
		var c chan int
		<-c
	})
	start("nil send", stuck, func() {
		var c chan int
		c <- 1
	})
	start("empty select", stuck, func() { select {} })
	start("select of nil channels", stuck, func() {
		var a, b chan int
		select {
		case <-a:
		case b <- 1:
		}
	})
	c := make(chan int)
	start("held by a nil receive", stuck, func() { <-c })
	start("nil receive that holds", stuck, func() {
		var none chan int
		<-none
		use(c)
	})
	start("sleep", live, func() { time.Sleep(1000 * time.Hour) })
	start("ticker", live, func() {
		for range time.NewTicker(1000 * time.Hour).C {
		}
	})
	start("timer", live, func() { <-time.NewTimer(1000 * time.Hour).C })
	start("select with a timer", live, func() {
		select {
		case <-time.After(1000 * time.Hour):
		case <-make(chan int):
		}
	})
	start("stopped timer", stuck, func() {
		t := time.NewTimer(1000 * time.Hour)
		t.Stop()
		<-t.C
	})
	blocking()
	circles()
	senders()
}

// blocking are waits for the kernel.
func blocking() {
	var p [2]int
	must(syscall.Pipe(p[:]))
	start("system call", live, func() {
		var b [1]byte
		syscall.Read(p[0], b[:])
	})
	// A holder in a system call, one that sleeps, one that waits for the network poller.
	a, b := make(chan int), make(chan int)
	start("held in a system call", live, func() { <-a })
	start("holder in a system call", live, func() {
		var buf [1]byte
		syscall.Read(p[0], buf[:])
		use(a)
	})
	start("held by a sleeper", live, func() { <-b })
	start("sleeping holder", live, func() {
		time.Sleep(1000 * time.Hour)
		use(b)
	})
	polled()
}

// sender is what a closure may be that captures both: the value that is sent lies beside the channel.
type sender struct {
	n  int
	c  chan int
	mu sync.Mutex
}

// senders: what they are to send leads to the channel, as nothing else does.
func senders() {
	for i := 0; i < 3; i++ {
		s := &sender{n: i, c: make(chan int)}
		start("sends what lies beside the channel", ownOnly, func() { s.c <- s.n })
	}
	s := &sender{c: make(chan int)}
	s.mu.Lock()
	start("sends, others wait for its lock", ownOnly, func() { s.c <- s.n; s.mu.Unlock() })
	start("waits for the lock of a sender", ownOnly, func() { s.mu.Lock() })
	u := &sender{c: make(chan int)}
	globals = append(globals, u.c)
	start("sends to a variable's channel", live, func() { u.c <- u.n })
}

// circles wait for each other, or for themselves.
func circles() {
	a, b, c := make(chan int), make(chan int), make(chan int)
	start("circle, first", stuck, func() { <-a; use(b) })
	start("circle, second", stuck, func() { <-b; use(a) })
	start("own channel", stuck, func() { <-c; use(c) })
	m, n := &new([4]sync.Mutex)[1], &new([4]sync.Mutex)[1] // the smallest objects share their slots with others
	m.Lock()
	n.Lock()
	start("deadlock, first", stuck, func() { m.Lock(); n.Unlock() })
	start("deadlock, second", stuck, func() { n.Lock(); m.Unlock() })
	// A way from a variable over goroutines that come back one by one.
	d, e, f := make(chan int), make(chan int), make(chan int)
	globals = append(globals, d)
	start("third of a chain", live, func() { <-f })
	start("second of a chain", live, func() { <-e; use(f) })
	start("first of a chain", live, func() { <-d; use(e) })
}
