// Program blame brings about one situation, named by its argument, in which a wrong one could be blamed or a wrong number said.  It tells its
// own numbers as JSON lines, {"type":"fact","name":…,"value":…}, addresses as strings; then it says READY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
)

type serverKey struct{}
type requestKey struct{}

// conn keeps its context as long as it is in its hub.
type conn struct {
	ctx    context.Context
	cancel context.CancelFunc
	n      int
}

type users struct{ conns map[int]*conn }
type rooms struct{ conns []*conn }

var (
	allUsers users
	allRooms rooms
	keep     []any
)

func fact(name string, value any) {
	json.NewEncoder(os.Stdout).Encode(map[string]any{"type": "fact", "name": name, "value": value})
}

// addr is where a pointer's context lies.
func addr(ctx context.Context) string { return fmt.Sprintf("%#x", reflect.ValueOf(ctx).Pointer()) }

//go:noinline
func (u *users) join(base context.Context, i int) {
	ctx, cancel := context.WithCancel(base)
	u.conns[i] = &conn{ctx, cancel, i}
}

//go:noinline
func (r *rooms) open(base context.Context, i int) {
	ctx, cancel := context.WithCancel(base)
	r.conns = append(r.conns, &conn{ctx, cancel, i})
}

// hubs: two of them keep contexts of one shape, below contexts of one shape.
func hubs(n int) {
	a, stopA := context.WithCancel(context.Background())
	b, stopB := context.WithCancel(context.Background())
	keep = append(keep, stopA, stopB)
	allUsers.conns = map[int]*conn{}
	for i := 0; i < n; i++ {
		allUsers.join(a, i)
		allRooms.open(b, i)
	}
}

// retained: two of them keep contexts of one shape that have ended.
func retained(n int) {
	base, stop := context.WithCancel(context.Background())
	keep = append(keep, stop)
	allUsers.conns = map[int]*conn{}
	for i := 0; i < n; i++ {
		allUsers.join(base, i)
		allUsers.conns[i].cancel()
		allRooms.open(base, i)
		allRooms.conns[i].cancel()
	}
}

// hub drops the CancelFuncs of those whom it serves.
type hub struct {
	ctx  context.Context
	stop context.CancelFunc
}

var (
	first, second hub
	begun         sync.WaitGroup
)

func (h *hub) run(n int) {
	h.ctx, h.stop = context.WithCancel(context.Background())
	for i := 0; i < n; i++ {
		begun.Add(1)
		ctx, _ := context.WithCancel(h.ctx)
		go serve(ctx)
	}
}

//go:noinline
func serve(ctx context.Context) {
	begun.Done()
	<-ctx.Done()
}

// server: contexts hang below a value, that below Background; some have ended, and nothing refers to them.
func server(n, ended int) {
	base := context.WithValue(context.Background(), serverKey{}, "srv")
	allUsers.conns = map[int]*conn{}
	fact("on", addr(base))
	fact("children", n) // of a map those would be the entries
	for i := 0; i < n; i++ {
		allUsers.join(base, i)
	}
	for i := 0; i < ended; i++ {
		_, cancel := context.WithCancel(base)
		cancel()
	}
	keep = append(keep, base)
}

// values: each has a value of its own above it, all of them below one context.
func values(n int) {
	base, stop := context.WithCancel(context.Background())
	allUsers.conns = map[int]*conn{}
	fact("on", addr(base))
	fact("children", n+1)
	for i := 0; i < n; i++ {
		allUsers.join(context.WithValue(base, requestKey{}, i), i)
	}
	allUsers.join(base, n)
	keep = append(keep, stop)
}

// stuck: those who hold a CancelFunc wait for what never comes; what they cancel hangs on a context that somebody else holds, or on none; or a
// variable has the CancelFuncs, too.
func stuck(n int, above, kept bool) {
	base := context.Background()
	if above {
		ctx, stop := context.WithCancel(base)
		keep = append(keep, stop)
		fact("above", addr(ctx))
		base = ctx
	}
	var begun sync.WaitGroup
	for i := 0; i < n; i++ {
		begun.Add(2)
		ctx, cancel := context.WithCancel(base)
		if i == 0 {
			fact("context", addr(ctx))
		}
		if kept {
			keep = append(keep, cancel)
		}
		answer := make(chan int)
		go func() {
			begun.Done()
			<-answer
			cancel()
		}()
		go func() {
			begun.Done()
			<-ctx.Done()
		}()
	}
	begun.Wait()
}

type file struct {
	name string
	ctx  context.Context
	end  func()
}

// finalizers: objects with a finalizer, which a variable keeps or nothing does, hold contexts that have ended; or their finalizers do.
func finalizers(n int, how string) {
	base, stop := context.WithCancel(context.Background())
	keep = append(keep, stop)
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(base)
		cancel()
		f := &file{name: fmt.Sprint(i)}
		if how == "its own" {
			runtime.SetFinalizer(f, func(*file) { <-ctx.Done() })
		} else {
			f.end = func() { <-ctx.Done() }
			runtime.SetFinalizer(f, func(f *file) { f.end() })
		}
		if how != "gone" {
			allFiles.add(f)
		}
	}
}

type files struct{ open struct{ list []*file } }

func (fs *files) add(f *file) { fs.open.list = append(fs.open.list, f) }

var allFiles files

// settle returns when no goroutine but the caller's is on its way.
func settle() {
	text := make([]byte, 1<<20)
	for {
		stacks := string(text[:runtime.Stack(text, true)])
		if strings.Count(stacks, " [running") == 1 && !strings.Contains(stacks, " [runnable") {
			return
		}
		runtime.Gosched()
	}
}

var situations = map[string]func(){}

func main() {
	for name, f := range map[string]func(){
		"hubs":     func() { hubs(60) },
		"retained": func() { retained(60) },
		"lost": func() {
			first.run(8)
			second.run(8)
			begun.Wait()
		},
		"server": func() { server(300, 0) },
		"values": func() { values(300) },

		"stuck":           func() { stuck(8, true, false) },
		"stuck and alone": func() { stuck(8, false, false) },
		"stuck and kept":  func() { stuck(8, true, true) },

		"finalizers":      func() { finalizers(60, "gone") },
		"finalizers kept": func() { finalizers(60, "kept") },
		"finalizers' own": func() { finalizers(60, "its own") },
	} {
		situations[name] = f
	}
	if os.Args[1] == "server with ended ones" {
		runtime.GC()
		runtime.GC() // no other comes before READY
		server(300, 50)
	} else {
		situations[os.Args[1]]()
		settle()
		runtime.GC()
		runtime.GC()
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}
