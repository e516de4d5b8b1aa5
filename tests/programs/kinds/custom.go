package main

import (
	"context"
	"errors"
	"time"

	"goctx.test/programs/truth"
)

// embedFirst embeds a context where the runtime's own types do.
type embedFirst struct {
	context.Context
	id int
}

// embedLater embeds one behind other fields.
type embedLater struct {
	id   int64
	name string
	context.Context
	tail [3]int64
}

// embedDeep embeds a struct that embeds a context.
type embedDeep struct {
	kind int32
	embedFirst
}

// byValue is used without a pointer: the interface holds a copy.
type byValue struct {
	context.Context
	id int
}

// ginLike holds a context in a named field and passes the questions on.
type ginLike struct {
	keys  map[string]interface{}
	index int8
	inner context.Context
}

func (g *ginLike) Deadline() (time.Time, bool)        { return g.inner.Deadline() }
func (g *ginLike) Done() <-chan struct{}              { return g.inner.Done() }
func (g *ginLike) Err() error                         { return g.inner.Err() }
func (g *ginLike) Value(key interface{}) interface{}  { return g.inner.Value(key) }
func (g *ginLike) Get(key string) (interface{}, bool) { v, ok := g.keys[key]; return v, ok }
func (g *ginLike) Set(key string, value interface{})  { g.keys[key] = value }

func newGin(inner context.Context, n int8) *ginLike {
	return &ginLike{map[string]interface{}{}, n, inner}
}

// request stands for net/http's, which holds its context in a field.
type request struct {
	method, path string
	ctx          context.Context
}

func newRequest(ctx context.Context) *request { return &request{"GET", "/things/7", ctx} }

func (r *request) Context() context.Context { return r.ctx }

// web reaches its context through a request, as web frameworks do.
type web struct {
	writer  interface{}
	Request *request
}

func (w *web) Deadline() (time.Time, bool)       { return w.Request.ctx.Deadline() }
func (w *web) Done() <-chan struct{}             { return w.Request.ctx.Done() }
func (w *web) Err() error                        { return w.Request.ctx.Err() }
func (w *web) Value(key interface{}) interface{} { return w.Request.ctx.Value(key) }

// rootless is a context without a context in it, and no struct.
type rootless string

func (rootless) Deadline() (t time.Time, ok bool) { return t, false }
func (rootless) Done() <-chan struct{}            { return nil }
func (rootless) Err() error                       { return nil }
func (rootless) Value(interface{}) interface{}    { return nil }

// overrides has a done channel of its own, so that the runtime starts a
// goroutine for every child that watches it.
type overrides struct {
	context.Context
	done chan struct{}
}

func (o *overrides) Done() <-chan struct{} { return o.done }
func (o *overrides) Err() error            { return nil }

// ended says that it is over although its inner context is not.
type ended struct {
	context.Context
}

func (e *ended) Err() error { return errors.New("closed by the peer") }

// serverState holds a context inside of it: the interface points into the middle.
type serverState struct {
	pad [9]int64
	ctx embedFirst
}

// wide is large enough for a type header in front of it.
type wide struct {
	context.Context
	pad  [70]int64
	last *int
}

// global is a context outside of the heap.
var global embedFirst

// Slices of contexts yet to be made: the headers of their arrays name the same types.
var (
	spare     = make([]wide, 8)
	spareMany = make([]embedFirst, 100)
)

func customs(r *truth.Recorder, server context.Context) {
	first := r.Keep("custom", &embedFirst{server, 1}, server)
	cancelable(r, "cancel under custom", first)
	later := r.Keep("custom at an offset", &embedLater{2, "later", first, [3]int64{}}, first)
	cancelable(r, "cancel under custom at an offset", later)
	deep := r.Keep("custom embedded twice", &embedDeep{3, embedFirst{server, 4}}, server)
	cancelable(r, "cancel under custom embedded twice", deep)
	boxed := r.Keep("custom by value", byValue{deep, 5}, deep)
	cancelable(r, "cancel under custom by value", boxed)

	r.Keep("custom with a type header", &wide{Context: server}, server)

	gin := r.Keep("custom that holds", newGin(boxed, 1), boxed)
	cancelable(r, "cancel under custom that holds", gin)
	viaRequest := r.Keep("custom that holds a request", &web{nil, newRequest(gin)}, gin)
	r.Keep("value under request", context.WithValue(viaRequest, stringKey("user"), "u1"), viaRequest)

	r.Keep("custom without a parent", rootless("root of its own"), nil)
	cancelable(r, "cancel under custom without a parent", rootless("another"))
	r.Keep("custom with nil inside", &embedFirst{nil, 6}, nil)

	global = embedFirst{server, 7}
	cancelable(r, "cancel under a global", r.Keep("custom in a variable", &global, server))
	state := &serverState{ctx: embedFirst{server, 8}}
	cancelable(r, "cancel under interior", r.Keep("custom inside of an object", &state.ctx, server))

	watched := r.Keep("custom with its own done", &overrides{server, make(chan struct{})}, server)
	cancelable(r, "watched one", watched)
	cancelable(r, "watched two", watched)
	r.Keep("custom with its own err", &ended{server}, server)
}
