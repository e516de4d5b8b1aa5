// Program wide has contexts that it only ever holds in interfaces of its own which have more methods than context.Context, and structs
// of the same shapes behind interfaces whose methods have the same names and other types. It prints each real one
//
//	{"type":"wide","addr":…,"go_type":…,"parent":…,"state":…}
//
// "state" being what its methods say. Nothing here may convert one to a context.Context, but for those of type both.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"
)

// Request is as frameworks widen it.
type Request interface {
	context.Context
	User() string
}

// Route has the methods without naming context.Context, and others before, between and after them.
type Route interface {
	Bind() error
	Deadline() (deadline time.Time, ok bool)
	Done() <-chan struct{}
	End()
	Err() error
	Value(key interface{}) interface{}
	Write() int
}

type plain struct {
	context.Context
	user string
	n    [4]int
}

func (p *plain) User() string { return p.user }

type value struct {
	context.Context
	user string
}

func (v value) User() string { return v.user }

type own struct {
	context.Context
	done chan struct{}
	n    [3]int
}

func (o *own) User() string          { return "own" }
func (o *own) Done() <-chan struct{} { return o.done }
func (o *own) Err() error {
	select {
	case <-o.done:
		return context.Canceled
	default:
		return nil
	}
}

type detached struct {
	context.Context
	user string
	n    [5]int
}

func (d *detached) User() string          { return d.user }
func (d *detached) Done() <-chan struct{} { return nil }
func (d *detached) Err() error            { return nil }

// deep has a context by value further in.
type deep struct {
	name string
	plain
	more [2]string
}

// thin is a pointer, and is stored in an interface as such.
type thin struct{ *detached }

// wraps is made on a context of which it knows the wide interface alone.
type wraps struct {
	Request
	n [6]int
}

type routed struct {
	context.Context
	n [7]int
}

func (r *routed) Bind() error { return nil }
func (r *routed) End()        {}
func (r *routed) Write() int  { return r.n[0] }

// both is held in a context.Context, too.
type both struct {
	context.Context
	user string
	n    [8]int
}

func (b *both) User() string { return b.user }

// Foreign has all the names.
type Foreign interface {
	Deadline() time.Duration
	Done() bool
	Err() string
	Value(key string) string
	User() string
}

// Nearly has one other type: the key's.
type Nearly interface {
	Deadline() (time.Time, bool)
	Done() <-chan struct{}
	Err() error
	Value(key string) interface{}
	User() string
}

type foreign struct {
	ctx  context.Context
	user string
	n    [4]int
}

func (f *foreign) Deadline() time.Duration { return 0 }
func (f *foreign) Done() bool              { return f.n[0] > 0 }
func (f *foreign) Err() string             { return f.user }
func (f *foreign) Value(key string) string { return key }
func (f *foreign) User() string            { return f.user }

type nearly struct {
	ctx  context.Context
	done chan struct{}
	n    [3]int
}

func (n *nearly) Deadline() (t time.Time, ok bool) { return n.ctx.Deadline() }
func (n *nearly) Done() <-chan struct{}            { return n.done }
func (n *nearly) Err() error                       { return nil }
func (n *nearly) Value(key string) interface{}     { return n.ctx.Value(key) }
func (n *nearly) User() string                     { return "nearly" }

var (
	requests []Request
	routes   []Route
	inBoth   []context.Context
	foreigns []Foreign
	nearlies []Nearly
)

type record struct {
	Type   string `json:"type"`
	Addr   string `json:"addr"`
	GoType string `json:"go_type"`
	Parent string `json:"parent"`
	State  string `json:"state"`
}

func addr(i interface{}) string { return fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&i))[1]) }

func say(i, parent interface{}, done <-chan struct{}, err error) {
	r := record{"wide", addr(i), fmt.Sprintf("%T", i), addr(parent), "active"}
	if err != nil {
		r.State = "canceled"
	} else if done == nil {
		r.State = "never"
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

//go:noinline
func keep(r Request, parent interface{}) {
	requests = append(requests, r)
	say(r, parent, r.Done(), r.Err())
}

//go:noinline
func hold(base context.Context) {
	closed := make(chan struct{})
	close(closed)
	keep(&plain{Context: base, user: "a"}, base)
	keep(value{base, "b"}, base)
	keep(&own{Context: base, done: make(chan struct{})}, base)
	keep(&own{Context: base, done: closed}, base)
	keep(&detached{Context: base, user: "c"}, base)
	keep(thin{&detached{Context: base, user: "d"}}, base)
	keep(&deep{name: "e", plain: plain{Context: base}}, base)
	for _, r := range requests[len(requests)-7 : len(requests)-4] {
		keep(&wraps{Request: r}, r)
	}
	r := &routed{Context: base}
	routes = append(routes, r)
	say(routes[len(routes)-1], base, r.Done(), r.Err())
	b := &both{Context: base, user: "f"}
	keep(b, base)
	inBoth = append(inBoth, b)
	child, stop := context.WithCancel(b)
	say(child, b, child.Done(), child.Err())
	_ = stop
	inBoth = append(inBoth, child)
	for i := 0; i < 50; i++ {
		foreigns = append(foreigns, &foreign{ctx: base, user: "g"})
		nearlies = append(nearlies, &nearly{ctx: base, done: closed})
	}
}

func main() {
	for _, cancel := range []bool{false, true} {
		base, stop := context.WithCancel(context.Background())
		if cancel {
			stop()
		} else {
			defer stop()
		}
		inBoth = append(inBoth, base)
		say(base, context.Background(), base.Done(), base.Err())
		hold(base)
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	for _, f := range foreigns {
		fmt.Println(f.Deadline(), f.Done(), f.Err(), f.Value("k"))
	}
	for _, n := range nearlies {
		fmt.Println(n.Deadline())
		fmt.Println(n.Done(), n.Err(), n.Value("k"))
	}
	for _, r := range routes {
		r.End()
		fmt.Println(r.Bind(), r.Write())
	}
}
