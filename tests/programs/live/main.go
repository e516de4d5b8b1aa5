// Program live has goroutines parked in functions some of whose pointers are
// used afterwards and some are not. What the collector kept of the objects
// that they point to is its truth: an object whose finalizer ran was dead.
//
// It prints a line for each object, {"type":"object"}, then READY, and waits in
// a way that no other goroutine can run. Goid 0: of a goroutine that is not
// known to the program.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Obj is what the goroutines point to. Other is a second hop.
const mark = 0x0b1ec70b1ec7

type Obj struct {
	Other *Obj
	id    int
	pad   [6]uintptr
}

type record struct {
	Type     string `json:"type"`
	Scenario string `json:"scenario"`
	Label    string `json:"label"`
	Goid     int64  `json:"goid"`
	Addr     string `json:"addr"`
	Size     uint64 `json:"size"`
	Kept     bool   `json:"kept"`
}

var (
	mu      sync.Mutex
	records []*record
	dead    = map[int]bool{}
	sink    int32
	forever = make(chan int) // nobody ever sends
)

//go:noinline
func newObj(scenario, label string) *Obj {
	p := new(Obj)
	mu.Lock()
	p.id, p.pad[0] = len(records), mark // what is made in its place is no Obj of this number
	records = append(records, &record{
		Type: "object", Scenario: scenario, Label: label, Goid: goid(),
		Addr: fmt.Sprintf("0x%x", uintptr(unsafe.Pointer(p))), Size: uint64(unsafe.Sizeof(*p)),
	})
	mu.Unlock()
	runtime.SetFinalizer(p, func(p *Obj) {
		mu.Lock()
		dead[p.id] = true
		mu.Unlock()
	})
	return p
}

var never = make(chan struct{})

//go:noinline
func use(p *Obj) {
	if p != nil {
		atomic.AddInt32(&sink, int32(p.id))
	}
}

// goid reads "goroutine 12 [running]".
func goid() int64 {
	var buf [64]byte
	var id int64
	fmt.Sscanf(string(buf[:runtime.Stack(buf[:], false)]), "goroutine %d ", &id)
	return id
}

// park waits for ever.
//
//go:noinline
func park() { <-forever }

// clear overwrites what earlier calls left below the stack pointer.
//
//go:noinline
func clear(n int) int {
	var a [64]uintptr
	for i := range a {
		a[i] = uintptr(n + i)
	}
	return int(a[n&63])
}

// collect runs the collector until finalizers have nothing more to say.
func collect() {
	for i := 0; i < 6; i++ {
		runtime.GC()
		done := make(chan bool)
		// Finalizers of one collection run in order: this one is queued behind.
		runtime.SetFinalizer(new(Obj), func(*Obj) { close(done) })
		runtime.GC()
		<-done
	}
}

// settled waits until all goroutines but the ones named by running are parked.
func settled(running int) {
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		buf := make([]byte, 1<<20)
		buf = buf[:runtime.Stack(buf, true)]
		if count(buf, " [running")+count(buf, " [runnable") <= 1+running {
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

func main() {
	var names []string
	for name := range scenarios {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		started := make(chan bool)
		go scenarios[name](func(what string) *Obj { return newObj(name, what) }, started)
		<-started
	}
	// One that spins is preempted anywhere, and its registers are then looked through word by word, left-overs with them: what is kept is found out
	// before there is such a one.
	settled(0)
	collect()
	started := make(chan bool)
	go spin(started)
	<-started
	settled(1)
	collect()
	runtime.GOMAXPROCS(1)
	fresh := newObj("never-run", "captured")
	records[fresh.id].Goid = 0
	text := report()
	go func() {
		<-never
		use(fresh)
	}()
	// From here on hardly anything but this goroutine runs, since it does not let
	// go of the only P: the spinning one stays where it is preempted, and the last
	// one is not started, unless the machine is so busy that this one was preempted
	// before it got to its reading; it then waits with what it captured.
	raw(syscall.SYS_WRITE, 1, text)
	for raw(syscall.SYS_READ, 0, make([]byte, 16)) != 0 {
	}
	os.Exit(0)
}

// report tells what is known of the objects, and that this is all.
func report() []byte {
	var buf bytes.Buffer
	out := json.NewEncoder(&buf)
	mu.Lock()
	defer mu.Unlock()
	for i, r := range records {
		r.Kept = !dead[i]
		out.Encode(r)
	}
	buf.WriteString("READY\n")
	return buf.Bytes()
}

// raw makes system calls that the scheduler does not hear of, until all of p is
// done (write) or something has been read; it returns how much that was.
//
//go:noinline
func raw(call, fd uintptr, p []byte) (n int) {
	for n < len(p) {
		k, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(&p[n])), uintptr(len(p)-n))
		if errno != 0 && errno != syscall.EINTR {
			os.Exit(1)
		}
		if errno == 0 {
			n += int(k)
		}
		if call == syscall.SYS_READ && errno == 0 {
			break
		}
	}
	return n
}
