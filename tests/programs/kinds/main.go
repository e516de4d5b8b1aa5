// Program kinds makes at least one context of every kind, in every state that
// a context can be in, and says so; see package truth.
package main

import (
	"context"
	"errors"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"goctx.test/programs/truth"
)

const long = 5 * time.Hour

// held are functions that are the only thing left of their contexts.
var held []interface{}

func main() {
	r := truth.NewRecorder()
	background := r.Keep("background", context.Background(), nil)
	r.Keep("todo", context.TODO(), nil)
	server, stop := context.WithCancel(background)
	held = append(held, stop)
	r.Keep("server", server, background)

	plain(r, server)
	timers(r, server)
	values(r, server)
	endings(r, server)
	customs(r, server)
	closures(r, server)
	notified(r, server)
	newer(r, server)
	dropped(server)
	r.Finish()
	runtime.KeepAlive(held)
}

// cancelable makes a child context and keeps its CancelFunc.
func cancelable(r *truth.Recorder, label string, parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	held = append(held, cancel)
	return r.Keep(label, ctx, parent)
}

func plain(r *truth.Recorder, server context.Context) {
	cancelable(r, "cancel", server)
	cancelable(r, "cancel on todo", context.TODO())
	done := cancelable(r, "cancel with a done channel", server)
	_ = done.Done()

	// A map that had a child and has none any more stays allocated.
	empty := cancelable(r, "children map allocated but empty", server)
	_, cancel := context.WithCancel(empty)
	cancel()

	many := cancelable(r, "children many", server)
	for i := 0; i < 40; i++ {
		cancelable(r, "", many)
	}
}

func timers(r *truth.Recorder, server context.Context) {
	timeout, cancel := context.WithTimeout(server, long)
	held = append(held, cancel)
	r.Keep("timeout", timeout, server)
	deadline, cancel := context.WithDeadline(server, time.Now().Add(2*long))
	held = append(held, cancel)
	r.Keep("deadline", deadline, server)
	child, cancel := context.WithTimeout(timeout, time.Hour)
	held = append(held, cancel)
	r.Keep("timeout in timeout", child, timeout)
	// A deadline later than the parent's makes no timer of its own.
	later, cancel := context.WithTimeout(timeout, 9*long)
	held = append(held, cancel)
	r.Keep("deadline of the parent is sooner", later, timeout)
	cancelable(r, "cancel in timeout", timeout)
}

type stringKey string

type structKey struct {
	Name string
	ID   int
}

type pair struct {
	A, B int64
}

type emptyKey struct{}

func values(r *truth.Recorder, server context.Context) {
	number, name := 17, "boxed"
	keyed := &structKey{"pointer key", 3}
	ctx := server
	for _, one := range []struct {
		label      string
		key, value interface{}
	}{
		{"value string", "plain string key", "hello, context"},
		{"value typed key", stringKey("request-id"), "r-0001"},
		{"value int", 42, 4711},
		{"value small int", 7, 0},
		{"value negative", int64(-1), int32(-5)},
		{"value unsigned", uint8(200), uint64(1) << 63},
		{"value struct key", structKey{"tenant", 9}, pair{1, 2}},
		{"value empty struct key", emptyKey{}, true},
		{"value pointer key", keyed, &number},
		{"value bool", stringKey("no"), false},
		{"value float", stringKey("pi"), 3.25},
		{"value float32", stringKey("half"), float32(0.5)},
		{"value nil", stringKey("nothing"), nil},
		{"value nil pointer", stringKey("nil pointer"), (*pair)(nil)},
		{"value pointer to string", stringKey("name"), &name},
		{"value empty string", stringKey(""), ""},
		{"value text", stringKey("line\nbreak"), "tab\t, quote \" and ünïcode"},
	} {
		parent := ctx
		ctx = r.Keep(one.label, context.WithValue(parent, one.key, one.value), parent)
	}
	cancelable(r, "cancel under values", ctx)
	r.Keep("value on background", context.WithValue(context.Background(), emptyKey{}, pair{}),
		context.Background())
}

// endings makes contexts that are over, each in its own way.
func endings(r *truth.Recorder, server context.Context) {
	first, cancel := context.WithCancel(server)
	r.Keep("canceled", first, server)
	r.Keep("value on canceled", context.WithValue(first, stringKey("late"), 1), first)
	cancel()

	over, cancel := context.WithTimeout(server, time.Millisecond)
	held = append(held, cancel)
	r.Keep("expired", over, server)
	child := cancelable(r, "child of expired", over)
	<-child.Done()
	<-over.Done()

	old, cancel := context.WithDeadline(server, time.Now().Add(-time.Hour))
	held = append(held, cancel)
	r.Keep("expired at birth", old, server)

	stopped, cancel := context.WithTimeout(server, long)
	r.Keep("timeout canceled early", stopped, server)
	cancel()

	// A child that ends before its parent takes itself out of the map.
	parent := cancelable(r, "parent of one gone child", server)
	gone, cancel := context.WithCancel(parent)
	r.Keep("canceled before its parent", gone, parent)
	cancelable(r, "sibling that stays", parent)
	cancel()

	top, cancel := context.WithCancel(server)
	r.Keep("canceled with children", top, server)
	inner := cancelable(r, "canceled by its parent", top)
	cancelable(r, "canceled by its grandparent", inner)
	_ = inner.Done()
	cancel()

	late := cancelable(r, "born of a canceled parent", top)
	if late.Err() == nil {
		panic(errors.New("a child of a canceled context is active"))
	}
}

// closures makes contexts that nothing but a function or a timer holds.
func closures(r *truth.Recorder, server context.Context) {
	held = append(held, onlyCancel(r, "held by its CancelFunc, under background", context.Background()))
	held = append(held, onlyCancel(r, "held by its CancelFunc and the map", server))
	onlyTimer(r, "held by its timer", context.Background())
}

//go:noinline
func onlyCancel(r *truth.Recorder, label string, parent context.Context) context.CancelFunc {
	ctx, cancel := context.WithCancel(parent)
	r.Note(label, ctx, parent)
	return cancel
}

//go:noinline
func onlyTimer(r *truth.Recorder, label string, parent context.Context) {
	ctx, cancel := context.WithTimeout(parent, long)
	r.Note(label, ctx, parent)
	_ = cancel
}

func notified(r *truth.Recorder, server context.Context) {
	ctx, stop := signal.NotifyContext(server, syscall.SIGUSR1, syscall.SIGUSR2)
	held = append(held, stop)
	r.Keep("notify", ctx, nil) // its parent is a cancel context of its own
	cancelable(r, "cancel under notify", ctx)
}

// dropped makes garbage that looks like contexts until it is collected.
//
//go:noinline
func dropped(server context.Context) {
	for i := 0; i < 500; i++ {
		ctx, cancel := context.WithCancel(server)
		_ = context.WithValue(ctx, stringKey("garbage"), i)
		_, stop := context.WithTimeout(ctx, long)
		stop()
		cancel()
	}
}
