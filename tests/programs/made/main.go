// Program made leaks contexts from several places of its own, in a process
// whose heap profile is on because net/http/pprof is there.  It says of each
// context which line made it (runtime.Callers on that line), and of each such
// line what runtime.MemProfile says is in use from it.  It sets nothing: it
// makes contexts until the profile has sampled some of every place.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	_ "net/http/pprof"
	"os"
	"runtime"
	"strings"
	"time"

	"goctx.test/programs/truth"
)

const atOnce = 20000

// place is a line of truth: a line that makes contexts, which ones, and what
// of it the profile knows.
type place struct {
	Type    string   `json:"type"` // "place"
	Label   string   `json:"label"`
	Func    string   `json:"func"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Addrs   []string `json:"addrs"`
	Sampled int64    `json:"sampled"` // objects of whatever types
	Bytes   int64    `json:"bytes"`
	kept    []context.Context
}

var (
	places []*place
	byName = map[string]*place{}
	open   = make(chan bool)
	sink   context.Context
)

type key struct{}

// frameOf is the innermost frame of the program itself that @p keep accepts.
func frameOf(pcs []uintptr, keep func(string) bool) (runtime.Frame, bool) {
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "main.") && keep(frame.Function) {
			return frame, true
		}
		if !more {
			return frame, false
		}
	}
}

// at says which line calls it, the first time.
//
//go:noinline
func at(label string, parent context.Context) context.Context {
	if byName[label] != nil {
		return parent
	}
	var pcs [32]uintptr
	n := runtime.Callers(1, pcs[:])
	frame, _ := frameOf(pcs[:n], func(name string) bool { return name != "main.at" })
	p := &place{Type: "place", Label: label, Func: frame.Function, File: frame.File, Line: frame.Line}
	byName[label] = p
	places = append(places, p)
	return parent
}

//go:noinline
func dropped(parent context.Context) context.Context {
	ctx, _ := context.WithCancel(at("dropped", parent))
	return ctx
}

//go:noinline
func timed(parent context.Context) context.Context {
	ctx, _ := context.WithTimeout(at("timed", parent), 100*time.Hour)
	return ctx
}

//go:noinline
func valued(parent context.Context) context.Context {
	return context.WithValue(at("valued", parent), key{}, open)
}

// small is inlined into its caller, which has a line of its own.
func small(parent context.Context) context.Context {
	ctx, _ := context.WithCancel(at("small", parent))
	return ctx
}

//go:noinline
func callsSmall(parent context.Context) context.Context {
	return small(parent)
}

type hub struct{ n int }

// Serve is a method, and makes them in a function literal of its own.
func (h *hub) Serve(parent context.Context) context.Context {
	make := func() context.Context {
		outer, _ := context.WithCancel(at("closure", parent))
		h.n++
		return outer
	}
	return make()
}

// thrown leaves slots with records that the others will use again.
//
//go:noinline
func thrown(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	sink = context.WithValue(ctx, key{}, open)
	cancel()
}

// count asks the runtime what is in use from each place.
func count() {
	for i := 0; i < 3; i++ { // what a record says is two collections old
		runtime.GC()
	}
	records := make([]runtime.MemProfileRecord, 10000)
	n, ok := runtime.MemProfile(records, false)
	if !ok {
		panic("too many records")
	}
	for _, p := range places {
		p.Sampled, p.Bytes = 0, 0
	}
	for i := range records[:n] {
		frame, _ := frameOf(records[i].Stack(), func(string) bool { return true })
		for _, p := range places {
			if p.Func == frame.Function && p.Line == frame.Line {
				p.Sampled += records[i].InUseObjects()
				p.Bytes += records[i].InUseBytes()
			}
		}
	}
}

func fill(parent context.Context, label string, one func(context.Context) context.Context) {
	for byName[label] == nil || byName[label].Sampled == 0 {
		for i := 0; i < atOnce; i++ {
			ctx := one(parent)
			p := byName[label]
			p.kept = append(p.kept, ctx)
		}
		count()
	}
}

func main() {
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := 0; i < 3*atOnce; i++ {
		thrown(context.Background())
	}
	runtime.GC()
	fill(parent, "dropped", dropped)
	fill(parent, "timed", timed)
	fill(parent, "valued", valued)
	fill(parent, "small", callsSmall)
	fill(parent, "closure", new(hub).Serve)
	for i := 0; i < 3*atOnce; i++ {
		thrown(context.Background())
	}
	sink = nil
	count()
	out := json.NewEncoder(os.Stdout)
	for _, p := range places {
		for _, ctx := range p.kept {
			p.Addrs = append(p.Addrs, truth.Addr(ctx))
		}
		if err := out.Encode(p); err != nil {
			panic(err)
		}
	}
	fmt.Println("READY")
	_, _ = io.Copy(io.Discard, os.Stdin)
	close(open)
	runtime.KeepAlive(places)
}
