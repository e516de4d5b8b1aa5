// Program small has a little of everything that goctx answers: contexts of most kinds, goroutines that wait for
// them, two leaks. Its core is kept in tests/small, so it imports little: package truth would make that three times as
// large. It says what it knows of itself in the same lines (say.go).
package main

import (
	"context"
	"errors"
	"runtime"
	"time"
)

const clients = 4

type key string

// request is a context of the program's own.
type request struct {
	context.Context
	path string
}

// held keeps CancelFuncs.
var held []context.CancelFunc

func main() {
	runtime.LockOSThread() // the thread that prints is another one, and can end; see finish
	background := context.Background()
	server, stop := context.WithCancel(background)
	held = append(held, stop)
	serve(server)
	ended(server)
	lose(server)
	forget()
	say(about{label: "server", kind: "cancel", goType: "*context.cancelCtx", own: true, active: true}, server, background)
	say(about{label: "background", kind: "background", goType: "context.backgroundCtx"}, background, nil)
	finish()
	runtime.KeepAlive(server)
}

// serve makes what a healthy program has: everybody who waits here can be woken.
func serve(server context.Context) {
	user := context.WithValue(server, key("user"), "ann")
	say(about{label: "user", kind: "value", goType: "*context.valueCtx", key: "user", value: "ann", valueType: "string"}, user, server)
	limited, cancel := context.WithTimeout(user, 5*time.Hour)
	held = append(held, cancel)
	own := &request{limited, "/index"}
	say(about{label: "request", kind: "custom", goType: "*main.request", name: "*main.request"}, own, limited)
	attempt := context.WithValue(own, key("attempt"), 3)
	say(about{label: "attempt", kind: "value", goType: "*context.valueCtx", key: "attempt", value: "3", valueType: "int"}, attempt, own)
	detached := context.WithoutCancel(attempt)
	say(about{label: "detached", kind: "without_cancel", goType: "context.withoutCancelCtx"}, detached, attempt)
	park("worker", "select", worker, limited, detached)
	say(about{label: "limited", kind: "timer", goType: "*context.timerCtx", own: true, active: true, under: server}, limited, user)
}

//go:noinline
func worker(begun chan<- int, ctx, detached context.Context) {
	work := make(chan int)
	begin(begun, ctx, chanAddr(work))
	select {
	case <-ctx.Done():
	case <-work:
	}
	detached.Value(key("user"))
}

// ended makes contexts that are over.
func ended(server context.Context) {
	failed, fail := context.WithCancelCause(server)
	fail(errors.New("no such host"))
	say(about{label: "failed", kind: "cancel", goType: "*context.cancelCtx", own: true}, failed, server)
	late, cancel := context.WithDeadline(server, time.Unix(1700000000, 0))
	held = append(held, cancel)
	say(about{label: "late", kind: "timer", goType: "*context.timerCtx", own: true}, late, server)
	park("reader", "chan receive", reader, failed, late)
}

// reader holds contexts that have ended, and waits for something else.
//
//go:noinline
func reader(begun chan<- int, failed, late context.Context) {
	begin(begun, nil, chanAddr(lines))
	<-lines
	_, _ = failed.Err(), late.Err()
}

var lines = make(chan int)

// lose makes contexts whose CancelFunc is dropped, each with a goroutine that waits for it.
//
//go:noinline
func lose(server context.Context) {
	for i := 0; i < clients; i++ {
		ctx, cancel := context.WithCancel(server)
		_ = cancel
		park("lost pump", "chan receive", pump, ctx, nil)
		say(about{label: "lost", kind: "cancel", goType: "*context.cancelCtx", own: true, active: true, under: server}, ctx, server)
	}
}

//go:noinline
func pump(begun chan<- int, ctx, _ context.Context) {
	begin(begun, ctx)
	<-ctx.Done()
}

// forget starts a goroutine that sends to a channel that nobody else has.
//
//go:noinline
func forget() {
	park("stuck", "chan send", report, nil, nil)
}

//go:noinline
func report(begun chan<- int, _, _ context.Context) {
	results := make(chan int)
	begin(begun, nil, chanAddr(results))
	results <- 1
}
