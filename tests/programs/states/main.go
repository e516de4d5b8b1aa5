// Program states has contexts of many types with a Done and an Err of their own, on
// a parent that is cancelled and on one that is not, and says what each answers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	"unsafe"
)

// detached is as in many programs from before WithoutCancel: only values pass.
type detached struct{ parent context.Context }

func (detached) Deadline() (t time.Time, ok bool)    { return }
func (detached) Done() <-chan struct{}               { return nil }
func (detached) Err() error                          { return nil }
func (d detached) Value(key interface{}) interface{} { return d.parent.Value(key) }

// detachedPtr is the same behind a pointer.
type detachedPtr struct {
	parent context.Context
	name   string
	n      [4]int
}

func (*detachedPtr) Deadline() (t time.Time, ok bool)    { return }
func (*detachedPtr) Done() <-chan struct{}               { return nil }
func (*detachedPtr) Err() error                          { return nil }
func (d *detachedPtr) Value(key interface{}) interface{} { return d.parent.Value(key) }

// silenced embeds, and replaces Done and Err.
type silenced struct {
	context.Context
	name string
}

func (*silenced) Done() <-chan struct{} { return nil }
func (*silenced) Err() error            { return nil }

// Methods of what is embedded, by value and by pointer, one level further.
type around struct {
	id int
	detachedPtr
}
type aroundPtr struct{ *detachedPtr }
type aroundSilenced struct {
	tag string
	silenced
	n [3]int
}

// plain embeds a context and nothing else of interest.
type plain struct {
	id int
	context.Context
}

// aroundPlain has its methods by value and by pointer.
type aroundPlain struct {
	name string
	plain
}
type aroundPlainPtr struct {
	name string
	*plain
}

// delegates asks a field that is not embedded.
type delegates struct {
	id    int
	inner context.Context
}

func (d *delegates) Deadline() (time.Time, bool)       { return d.inner.Deadline() }
func (d *delegates) Done() <-chan struct{}             { return d.inner.Done() }
func (d *delegates) Err() error                        { return d.inner.Err() }
func (d *delegates) Value(key interface{}) interface{} { return d.inner.Value(key) }

// wider is an interface with methods of its own around those of a context.
type wider interface {
	context.Context
	Cause() error
	Extra() int
}

// extra implements it.
type extra struct{ context.Context }

func (*extra) Cause() error { return errors.New("of another kind") }
func (*extra) Extra() int   { return 1 }

// overWider embeds it.
type overWider struct {
	wider
	id int
}

// causes answers Err by another method of what it holds.
type causes struct {
	wider
	id int
}

func (c *causes) Err() error { return c.wider.Cause() }

// large is used by value, and does not fit into registers.
type large struct {
	parent context.Context
	n      [40]int
}

func (l large) Deadline() (time.Time, bool)       { return l.parent.Deadline() }
func (l large) Done() <-chan struct{}             { return nil }
func (l large) Err() error                        { return nil }
func (l large) Value(key interface{}) interface{} { return l.parent.Value(key) }

// fields returns fields of its own.
type fields struct {
	context.Context
	log  error // not what Err says
	done chan struct{}
	err  error
}

func (f *fields) Done() <-chan struct{} { return f.done }
func (f *fields) Err() error            { return f.err }

// state is shared by those that point to it.
type state struct {
	n    int
	done chan struct{}
	err  error
}

// farFields returns fields of what it points to.
type farFields struct {
	context.Context
	*state
}

func (f *farFields) Done() <-chan struct{} { return f.done }
func (f *farFields) Err() error            { return f.err }

// guarded locks; its fields are all that can be looked at.
type guarded struct {
	context.Context
	mu   sync.Mutex
	done chan struct{}
	err  error
}

func (g *guarded) Done() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done == nil {
		g.done = make(chan struct{})
	}
	return g.done
}

func (g *guarded) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// selects computes its Err.
type selects struct {
	context.Context
	done chan struct{}
}

func (s *selects) Done() <-chan struct{} { return s.done }
func (s *selects) Err() error {
	select {
	case <-s.done:
		return context.Canceled
	default:
		return nil
	}
}

// flagged has an err that is not its Err, and a channel that is not its Done.
type flagged struct {
	context.Context
	quit    chan struct{}
	lastErr error
	over    bool
}

func (f *flagged) Done() <-chan struct{} {
	if f.over {
		return closed
	}
	return f.Context.Done()
}

func (f *flagged) Err() error {
	if f.over {
		return context.Canceled
	}
	return f.Context.Err()
}

// nilWhen is like gin's: nil unless a switch is on.
type nilWhen struct {
	context.Context
	on bool
}

func (n *nilWhen) Done() <-chan struct{} {
	if !n.on {
		return nil
	}
	return n.Context.Done()
}

func (n *nilWhen) Err() error {
	if !n.on {
		return nil
	}
	return n.Context.Err()
}

// deaf has no Done, but says what became of its parent.
type deaf struct{ context.Context }

func (*deaf) Done() <-chan struct{} { return nil }

// translated has an Err of its own that is nil when its parent's is.
type translated struct{ context.Context }

func (t *translated) Err() error {
	if err := t.Context.Err(); err != nil {
		return fmt.Errorf("request: %v", err)
	}
	return nil
}

// counts writes where it is asked.
type counts struct {
	context.Context
	asked int
}

func (c *counts) Err() error {
	c.asked++
	return nil
}

// function is a context that is no struct.
type function func() error

func (function) Deadline() (t time.Time, ok bool)  { return }
func (function) Done() <-chan struct{}             { return nil }
func (f function) Err() error                      { return f() }
func (function) Value(key interface{}) interface{} { return nil }

// word is one, too, and never ends.
type word string

func (word) Deadline() (t time.Time, ok bool)  { return }
func (word) Done() <-chan struct{}             { return nil }
func (word) Err() error                        { return nil }
func (word) Value(key interface{}) interface{} { return nil }

// generic hides its symbols behind shapes.
type generic[T any] struct {
	context.Context
	value T
}

func (*generic[T]) Done() <-chan struct{} { return nil }
func (*generic[T]) Err() error            { return nil }

// genericPlain only embeds.
type genericPlain[T any] struct {
	value T
	context.Context
}

var closed = make(chan struct{})

// answer is one context and what it says.
type answer struct {
	Type    string  `json:"type"`
	Addr    string  `json:"addr"`
	GoType  string  `json:"go_type"`
	Parent  string  `json:"parent"` // how the parent is
	Err     *string `json:"err"`
	Expired bool    `json:"expired"`
	Never   bool    `json:"never"` // Done is nil
	Told    bool    `json:"told"`  // its methods are short enough to be read
}

var (
	kept []context.Context
	told []bool
	on   []string
)

type key struct{}

func say(ctx context.Context, parent string, readable bool) {
	a := answer{"answer", fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1]), fmt.Sprintf("%T", ctx), parent, nil, false, ctx.Done() == nil, readable}
	if err := ctx.Err(); err != nil {
		text := err.Error()
		a.Err = &text
		a.Expired = err == context.DeadlineExceeded
	}
	line, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func keep(parent string, readable bool, ctxs ...context.Context) {
	for _, ctx := range ctxs {
		kept, told, on = append(kept, ctx), append(told, readable), append(on, parent)
	}
}

// makeAll makes one of each type on a parent.
func makeAll(parent context.Context, how string, over bool) {
	inner := &detachedPtr{parent: parent}
	keep(how, true, detached{parent}, &detached{parent}, inner, &silenced{Context: parent}, &around{detachedPtr: *inner}, aroundPtr{inner},
		&aroundSilenced{silenced: silenced{Context: parent}}, &plain{Context: parent}, plain{Context: parent},
		&aroundPlain{plain: plain{Context: parent}}, &aroundPlainPtr{plain: &plain{Context: parent}}, &delegates{inner: parent},
		&overWider{wider: &extra{parent}}, &extra{parent}, large{parent: parent}, &large{parent: parent}, &deaf{parent}, word(how),
		&generic[int]{Context: parent}, &generic[string]{Context: parent}, &genericPlain[[3]int]{Context: parent}, genericPlain[string]{Context: parent})
	done, err := make(chan struct{}), error(nil)
	if over {
		err = errors.New("ended by itself")
		close(done)
	}
	log := errors.New("a line of the log")
	keep(how, true, &fields{parent, log, done, err}, &farFields{parent, &state{1, done, err}}, &selects{parent, done})
	keep(how, false, &guarded{Context: parent, done: done, err: err}, &flagged{parent, done, log, over}, &nilWhen{parent, over}, &translated{parent},
		&counts{parent, 0}, &causes{wider: &extra{parent}}, function(func() error { return err }))
}

func main() {
	close(closed)
	alive, stop := context.WithCancel(context.Background())
	defer stop()
	ended, end := context.WithCancel(context.Background())
	expired, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	makeAll(alive, "active", false)
	makeAll(alive, "active", true)
	makeAll(ended, "canceled", false)
	makeAll(ended, "canceled", true)
	makeAll(expired, "expired", false)
	makeAll(context.Background(), "never", false)
	n := len(kept)
	for i := 0; i < n; i++ {
		if _, is := kept[i].(*deaf); !is {
			keep(on[i], told[i], context.WithValue(kept[i], key{}, i))
		}
	}
	end()
	for i, ctx := range kept {
		say(ctx, on[i], told[i])
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	fmt.Println(len(kept))
}
