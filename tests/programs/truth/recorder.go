// Package truth lets a program say what it knows about itself: its contexts
// and its goroutines, as JSON lines on standard output, read through
// reflection and runtime.Stack. It is the oracle that goctx is compared with
// and shares no code or table with it.
//
// A program records what it makes with a Recorder and ends with Finish, which
// prints the lines, then "READY tid=N", and blocks until standard input is
// closed. Thread N is the one that printed; when it is gone the program is at
// rest and will not change any more.
package truth

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// patience bounds every wait for the program to come to rest.
const patience = 4 * time.Minute

// A fact is one context that the program made, and what it meant by it.
type fact struct {
	label  string
	ctx    context.Context
	parent context.Context // what it was made from; nil when not checked
}

// Recorder collects what a program makes. It keeps its contexts reachable.
type Recorder struct {
	facts  []fact
	lines  []*Context // of contexts that must not be kept reachable from here
	tasks  map[int64]*Expected
	begun  chan *Expected
	caller int64 // the goroutine that waits for the end of input
}

// Expected is what a goroutine says of itself before it parks.
type Expected struct {
	Goid    int64
	Label   string
	Status  []string // any of these texts of runtime.Stack is right; none: any is
	Waits   []Wait
	Context []context.Context // whose done channel it waits on
	Labels  map[string]string // of runtime/pprof
	Fickle  bool              // the status may differ from one look to the next
}

// Wait is a channel that a goroutine is parked on.
type Wait struct {
	Chan string `json:"chan"`
	Op   string `json:"op"` // recv or send
}

// Header is the first line of the truth.
type Header struct {
	Type    string `json:"type"` // "header"
	Go      string `json:"go"`
	Program string `json:"program"`
	Pid     int    `json:"pid"`
}

// A locked main goroutine has the main thread for itself, so that the thread
// that prints is another one and can end; see Finish.
func init() { runtime.LockOSThread() }

// NewRecorder returns an empty one.
func NewRecorder() *Recorder {
	return &Recorder{tasks: map[int64]*Expected{}, begun: make(chan *Expected)}
}

// Keep records a context and what it was made from (nil: do not compare).
// It returns ctx.
func (r *Recorder) Keep(label string, ctx, parent context.Context) context.Context {
	r.facts = append(r.facts, fact{label, ctx, parent})
	return ctx
}

// Note records a context as it is now without keeping it reachable. Its
// ancestors must be kept by other means.
func (r *Recorder) Note(label string, ctx, parent context.Context) {
	line := describe(ctx)
	line.Label = label
	compare(label, line, parent)
	r.lines = append(r.lines, line)
}

// compare holds bookkeeping against what the structs say.
func compare(label string, line *Context, parent context.Context) {
	if parent == nil {
		return
	}
	want := addrOf(parent)
	if line.Parent == nil || *line.Parent != want {
		fail("%s at %s: parent is %v, made from %s", label, line.Addr, deref(line.Parent), want)
	}
}

// contexts describes everything recorded and all that is reachable from it
// over parents and children, each address once.
func (r *Recorder) contexts() []*Context {
	seen := map[string]bool{}
	labels := map[string]string{}
	for _, line := range r.lines {
		labels[line.Addr] = line.Label
	}
	var all []*Context
	work := make([]fact, len(r.facts))
	copy(work, r.facts)
	for len(work) > 0 {
		one := work[0]
		work = work[1:]
		if seen[addrOf(one.ctx)] {
			continue
		}
		seen[addrOf(one.ctx)] = true
		line := describe(one.ctx)
		if line.Label = one.label; one.label == "" {
			line.Label = labels[line.Addr]
		}
		compare(one.label, line, one.parent)
		all = append(all, line)
		if up := parentOf(one.ctx); up != nil {
			work = append(work, fact{ctx: up})
		}
		for _, child := range childrenOf(one.ctx) {
			work = append(work, fact{ctx: child})
		}
	}
	for _, line := range r.lines {
		if !seen[line.Addr] {
			all = append(all, line)
		}
	}
	return all
}

// Finish prints the truth and READY, then blocks until standard input closes.
// The main goroutine calls it or, where there is none, any other.
//
// The lines are printed by a goroutine of its own while the calling goroutine
// already waits for input, so that what is printed of the latter
// holds. That goroutine ends locked to its thread, which ends the thread.
func (r *Recorder) Finish() {
	locked := make(chan struct{})
	r.caller = goid()
	go func() {
		runtime.LockOSThread()
		close(locked)
		r.print()
	}()
	<-locked
	runtime.UnlockOSThread()
	waitForInput()
	runtime.KeepAlive(r)
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

// print writes all lines once the program is at rest, and cleans up after
// itself: a last collection frees whatever the program dropped.
func (r *Recorder) print() {
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	must(lines.Encode(Header{"header", runtime.Version(), programName(), os.Getpid()}))
	for _, task := range r.settle() {
		must(lines.Encode(task))
	}
	for _, ctx := range r.contexts() {
		must(lines.Encode(ctx))
	}
	runtime.GC()
	runtime.GC()
	fmt.Fprintf(out, "READY tid=%d\n", syscall.Gettid())
	must(out.Flush())
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// fail ends the program: its truth contradicts itself.
func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "truth: "+format+"\n", args...)
	os.Exit(3)
}

func deref(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}
