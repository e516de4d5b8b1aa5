// Program lookalikes has context types of its own, each held in another way, and many structs of the same shapes that are none: jobs,
// results, events that carry a context. It prints each real one
//
//	{"type":"real","addr":…,"go_type":…,"held":…,"since":…}
//
// ("since": the first minor release of Go whose debug information can tell by what it is held, 0 any), and how often it made a struct
// that is none.
package main

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Context types.

type session struct {
	context.Context
	name string
	n    [4]int
}

type own struct {
	context.Context
	name string
	done chan struct{}
	n    [3]int
}

func (o *own) Done() <-chan struct{} { return o.done }
func (o *own) Err() error {
	select {
	case <-o.done:
		return io.EOF
	default:
		return nil
	}
}

// The shape of own, but not its methods.
type named struct {
	context.Context
	name string
	done chan struct{}
	n    [3]int
}

type big struct {
	context.Context
	text [600]byte
	next *big
}

// No contexts: the shapes of session, own, big, and of types of package context.

type job struct {
	ctx  context.Context
	name string
	n    [4]int
}

type future struct {
	ctx  context.Context
	name string
	done chan struct{}
	n    [3]int
}

type bigJob struct {
	ctx  context.Context
	text [600]byte
	next *bigJob
}

type event struct{ ctx, subject, payload interface{} }

type request struct {
	ctx              context.Context
	subject, payload interface{}
}

type copying struct {
	ctx context.Context
	r   io.Reader
	w   io.Writer
}

type box struct{ ctx context.Context }

// As cancelCtx since 1.20 and before.
type cancelLike struct {
	ctx        context.Context
	n          int
	value      interface{}
	seen       map[fmt.Stringer]struct{}
	err, cause error
}

type oldCancelLike struct {
	ctx   context.Context
	n     int
	value interface{}
	seen  map[fmt.Stringer]struct{}
	err   error
}

type manager struct {
	mu       sync.Mutex
	sessions map[string]*session
	list     []*session
	one      *session
	nested   map[int]map[string]*session
	queue    chan *session
	any      sync.Map
	elements *list.List
	jobs     []*job
}

var (
	mgr     *manager
	direct  *session
	slice   []*session
	ifaces  []context.Context
	anys    []interface{}
	stops   []context.CancelFunc
	none    []interface{}
	futures = map[int]*future{}
	events  []*event
	reqs    []*request
	copies  []*copying
	boxes   []*box
	likes   []*cancelLike
	olds    []*oldCancelLike
	bigJobs []*bigJob
	capture func() string
	holder  fmt.Stringer
)

func (m *manager) String() string { return "manager" }

type record struct {
	Type   string `json:"type"`
	Addr   string `json:"addr"`
	GoType string `json:"go_type"`
	Held   string `json:"held"`
	Since  int    `json:"since"`
}

func say(ctx context.Context, held string, since int) {
	addr := fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])
	line, err := json.Marshal(record{"real", addr, fmt.Sprintf("%T", ctx), held, since})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

//go:noinline
func newSession(base context.Context, held string, since int) *session {
	s := &session{Context: base, name: held}
	say(s, held, since)
	return s
}

//go:noinline
func hold(base context.Context) {
	mgr = &manager{sessions: map[string]*session{}, nested: map[int]map[string]*session{}, queue: make(chan *session, 4), elements: list.New()}
	for i := 0; i < 20; i++ {
		mgr.sessions[fmt.Sprint(i)] = newSession(base, "map", 0)
		mgr.list = append(mgr.list, newSession(base, "slice in a struct", 0))
	}
	mgr.one = newSession(base, "field", 0)
	mgr.nested[1] = map[string]*session{"x": newSession(base, "map in a map", 0)}
	mgr.queue <- newSession(base, "channel", 0)
	mgr.any.Store("k", newSession(base, "sync.Map", 0))
	mgr.elements.PushBack(newSession(base, "list", 0))
	direct = newSession(base, "variable", 0)
	slice = append(slice, newSession(base, "slice", 0))
	captured := newSession(base, "closure", 23)
	capture = func() string { return captured.name }
	holder = &manager{one: newSession(base, "struct in an interface", 0)}
	anys = append(anys, newSession(base, "empty interface", 0))
	b := &big{Context: base}
	say(b, "type header or interface", 0)
	ifaces = append(ifaces, b)
	// Two types of one shape: only their children's parent words tell which is which.
	n, o := &named{Context: base}, &own{Context: base, done: make(chan struct{})}
	say(n, "parent word", 0)
	say(o, "parent word", 0)
	for _, parent := range []context.Context{n, o} {
		child, stop := context.WithCancel(parent)
		say(child, "closure", 0)
		stops = append(stops, stop)
	}
	v := context.WithValue(base, box{}, 1)
	say(v, "interface", 0)
	ifaces = append(ifaces, v)
	lone, stop := context.WithCancel(context.Background())
	say(lone, "CancelFunc", 0)
	stops = append(stops, stop)
	timed, stop := context.WithTimeout(context.Background(), time.Hour)
	say(timed, "timer", 0)
	stops = append(stops, stop)
}

//go:noinline
func pretend(base context.Context) {
	closed := make(chan struct{})
	close(closed)
	for i := 0; i < 50; i++ {
		mgr.jobs = append(mgr.jobs, &job{ctx: base, name: "job"})
		futures[i] = &future{ctx: base, name: "result", done: closed}
		events = append(events, &event{base, "orders", i})
		reqs = append(reqs, &request{base, "orders", i})
		copies = append(copies, &copying{base, &bytes.Buffer{}, os.Stdout})
		boxes = append(boxes, &box{base})
		likes = append(likes, &cancelLike{ctx: base, n: 2 * i, value: "v", seen: map[fmt.Stringer]struct{}{}})
		olds = append(olds, &oldCancelLike{ctx: base, n: i, value: closed, err: io.EOF})
		bigJobs = append(bigJobs, &bigJob{ctx: base})
	}
}

//go:noinline
func local(base context.Context) {
	m, s := &manager{one: newSession(base, "struct of a frame", 0)}, newSession(base, "frame", 0)
	runtime.GC()
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	fmt.Println(m.one.name, s.name, capture(), none)
}

func main() {
	base, stop := context.WithCancel(context.Background())
	defer stop()
	say(base, "everywhere", 0)
	hold(base)
	pretend(base)
	local(base)
}
