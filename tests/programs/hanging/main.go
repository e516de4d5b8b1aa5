// Program hanging brings about one situation, named by its argument, in which goroutines wait for what others hold.  It says who holds what, how many
// hang, and READY once all are parked.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const many = 12 // wait for what is held

// record is a line of truth: goroutine Goid holds what is at For.
type record struct {
	Type  string `json:"type"`
	For   string `json:"for,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Goid  int    `json:"goid,omitempty"`
	Hang  int    `json:"hang"`
	Cycle bool   `json:"cycle"`
}

var (
	out     sync.Mutex
	started int // goroutines
	hour    = time.Hour
)

func print(r record) {
	out.Lock()
	defer out.Unlock()
	json.NewEncoder(os.Stdout).Encode(r)
}

func goid() int {
	text := make([]byte, 64)
	n, _ := strconv.Atoi(strings.Fields(string(text[:runtime.Stack(text, false)]))[1])
	return n
}

// holds tells that the goroutine that calls it holds what p points to.
func holds(p any, kind string) {
	print(record{Type: "holds", For: fmt.Sprintf("%p", p), Kind: kind, Goid: goid()})
}

func start(n int, f func()) {
	started += n
	for i := 0; i < n; i++ {
		go f()
	}
}

// settle returns when all goroutines that were started are parked.
func settle() {
	text := make([]byte, 1<<20)
	for parked := 0; parked < started; {
		runtime.Gosched()
		parked = 0
		for _, one := range bytes.Split(text[:runtime.Stack(text, true)], []byte("\n\n")) {
			head, _, _ := strings.Cut(string(one), "\n")
			helper := bytes.Contains(one, []byte("created by database/sql."))
			if !helper && !strings.HasPrefix(head, "goroutine 1 ") && !strings.Contains(head, "[run") && !bytes.Contains(one, []byte("main.print(")) {
				parked++
			}
		}
	}
}

// ---- locks ----

type account struct {
	name string
	mu   sync.Mutex
	sum  int
}

//go:noinline
func transfer(from, to *account, between chan int) {
	from.mu.Lock()
	holds(&from.mu, "mutex")
	between <- 1
	<-between
	to.mu.Lock()
	to.sum++
	to.mu.Unlock()
	from.mu.Unlock()
}

func (a *account) add() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sum++
}

// inversion: two locks taken in two orders.
func inversion() record {
	a, b := &account{name: "a"}, &account{name: "b"}
	first, second := make(chan int), make(chan int)
	start(1, func() { transfer(a, b, first) })
	start(1, func() { transfer(b, a, second) })
	<-first
	<-second
	first <- 1
	second <- 1
	start(many, a.add)
	settle()
	runtime.KeepAlive(b)
	return record{Hang: many + 2, Cycle: true}
}

type registry struct {
	mu    sync.RWMutex
	names map[string]int
}

func (r *registry) drop(name string) {
	r.mu.Lock()
	delete(r.names, name)
	r.mu.Unlock()
}

//go:noinline
func (r *registry) sweep() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	holds(&r.mu, "rwmutex")
	for name := range r.names {
		r.drop(name)
	}
}

func (r *registry) read() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.names)
}

// reader: RLock, then Lock in the same goroutine; later readers queue behind the writer.
func reader() record {
	r := &registry{names: map[string]int{"x": 1}}
	start(1, r.sweep)
	settle()
	start(many, func() { r.read() })
	settle()
	runtime.KeepAlive(r)
	return record{Hang: many + 1, Cycle: true}
}

type results struct {
	mu  sync.Mutex
	all []int
	out chan int
}

//go:noinline
func (r *results) publish(i int) {
	r.mu.Lock()
	holds(&r.mu, "mutex")
	r.all = append(r.all, i)
	r.out <- i
	r.mu.Unlock()
}

func (r *results) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// result: sent by who holds the lock, to a channel that nobody receives from.  The program still refers to both.
func result() record {
	r := &results{out: make(chan int)}
	kept = r
	start(1, func() { r.publish(1) })
	settle()
	start(many, func() { r.size() })
	settle()
	return record{Hang: many + 1}
}

var kept *results

// ---- semaphores and wait groups ----

type pool struct{ slots chan struct{} }

//go:noinline
func (p *pool) work(depth int) {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	if depth > 0 {
		holds(p.slots, "chan")
		took <- 1
		<-goOn
		p.work(depth - 1)
	}
}

var took, goOn = make(chan int), make(chan int)

// nested: workers that have a slot of the pool want another one.
func nested() record {
	p := &pool{slots: make(chan struct{}, 3)}
	start(3, func() { p.work(1) })
	for i := 0; i < 3; i++ {
		<-took
	}
	for i := 0; i < 3; i++ {
		goOn <- 1
	}
	start(many, func() { p.work(0) })
	settle()
	return record{Hang: many + 3, Cycle: true}
}

type batch struct {
	mu   sync.Mutex
	wg   sync.WaitGroup
	done int
}

func (b *batch) step() {
	defer b.wg.Done()
	b.mu.Lock()
	b.done++
	b.mu.Unlock()
}

//go:noinline
func (b *batch) run() {
	b.mu.Lock()
	defer b.mu.Unlock()
	holds(&b.mu, "mutex")
	b.wg.Wait()
}

// group: who waits for the group holds the lock that its members need.
func group() record {
	b := &batch{}
	b.wg.Add(many)
	start(1, b.run)
	settle()
	start(many, b.step)
	settle()
	return record{Hang: many + 1, Cycle: true}
}

// ---- alike ----

type mailbox struct{ in chan int }

//go:noinline
func (m *mailbox) post(i int) { m.in <- i }

var mailboxes []*mailbox

// alike: many who send to a mailbox each that nobody reads, three deadlocks of two, one of which others wait for, too.
func alike() record {
	start(many, func() {
		m := &mailbox{in: make(chan int)}
		out.Lock()
		mailboxes = append(mailboxes, m)
		out.Unlock()
		m.post(1)
	})
	for i := 0; i < 3; i++ {
		a, b := &account{name: "a"}, &account{name: "b"}
		first, second := make(chan int), make(chan int)
		start(1, func() { transfer(a, b, first) })
		start(1, func() { transfer(b, a, second) })
		<-first
		<-second
		first <- 1
		second <- 1
		settle()
	}
	return record{Hang: many + 6, Cycle: true}
}

type link struct {
	mu   sync.Mutex
	next *link
}

//go:noinline
func (l *link) hold(locked chan int) {
	l.mu.Lock()
	locked <- 1
	<-goOn
	l.next.mu.Lock()
	l.next.mu.Unlock()
	l.mu.Unlock()
}

const long = 40

// row: a chain of many steps, each of whom holds a lock and waits for the next one's.
func row() record {
	r := &results{out: make(chan int)}
	kept = r
	last := &link{}
	start(1, func() { last.publish(r) })
	settle()
	for i := 0; i < long; i++ {
		last = &link{next: last}
		l := last
		start(1, func() { l.hold(took) })
		<-took
	}
	for i := 0; i < long; i++ {
		goOn <- 1
	}
	settle()
	runtime.KeepAlive(last)
	return record{Hang: long + 1}
}

//go:noinline
func (l *link) publish(r *results) {
	l.mu.Lock()
	r.out <- 1
	l.mu.Unlock()
}

// ---- healthy ----

//go:noinline
func (r *results) store(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	holds(&r.mu, "mutex")
	r.all = append(r.all, i)
	time.Sleep(hour)
}

// busy: a lock whose holder is at work.
func busy() record {
	r := &results{}
	start(1, func() { r.store(1) })
	settle()
	start(many, func() { r.size() })
	settle()
	return record{}
}

//go:noinline
func (r *results) until(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	holds(&r.mu, "mutex")
	<-ctx.Done()
}

// session: a lock that is held as long as a context lasts.
func session() record {
	ctx, cancel := context.WithCancel(context.Background())
	stop = cancel
	r := &results{}
	start(1, func() { r.until(ctx) })
	settle()
	start(many, func() { r.size() })
	settle()
	return record{}
}

var stop context.CancelFunc

//go:noinline
func (r *results) drain() {
	for i := range r.out {
		holds(r.out, "chan")
		r.all = append(r.all, i)
		time.Sleep(hour)
	}
}

// drained: a full buffer whose reader is at work.
func drained() record {
	r := &results{out: make(chan int, 2)}
	start(1, r.drain)
	r.out <- 0
	settle()
	start(many+2, func() { r.out <- 1 })
	started -= 2
	settle()
	return record{}
}

var queue = make(chan int, 1)

func handle(i int) {
	holds(queue, "chan")
	time.Sleep(hour)
}

//go:noinline
func serve() {
	for {
		select {
		case i := <-queue:
			handle(i)
		case <-time.After(hour):
		}
	}
}

// global: the same with a channel that only a package variable has while its reader is at work.
func global() record {
	start(1, serve)
	queue <- 0
	settle()
	start(many+1, func() { queue <- 1 })
	started--
	settle()
	return record{}
}

// slots: a semaphore whose holders are at work.
func (p *pool) sleep() {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	holds(p.slots, "chan")
	time.Sleep(hour)
}

func slots() record {
	p := &pool{slots: make(chan struct{}, 3)}
	start(3, p.sleep)
	settle()
	start(many, p.sleep)
	settle()
	return record{}
}

// idle: workers that wait for work hold each other up in nothing.
func idle() record {
	start(many, func() {
		for i := range queue {
			handle(i)
		}
	})
	settle()
	return record{}
}

func main() {
	situations := map[string]func() record{
		"inversion": inversion, "reader": reader, "result": result, "nested": nested, "group": group,
		"alike": alike, "row": row, "unsignalled": unsignalled, "twice": twice, "queries": queries,
		"fed": fed, "unfed": unfed, "returned": returned, "acquired": acquired, "handed": handed,
		"scanned": scanned, "transactions": transactions, "forgotten": forgotten,
		"shared": shared, "answering": answering, "ordered": ordered, "passed": passed, "rooted": rooted, "limited": limited,
		"busy": busy, "session": session, "drained": drained, "global": global, "slots": slots, "idle": idle,
	}
	r := situations[os.Args[1]]()
	r.Type = "hang"
	print(r)
	fmt.Println("READY")
	os.Stdin.Read(make([]byte, 1))
	runtime.KeepAlive(r)
}
