package main

import (
	"context"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"goctx.test/programs/truth"
)

var (
	byName  = map[string]context.CancelFunc{}
	shared  sync.Map
	current struct {
		jobs []job
		last *job
	}
	onEnd   func()
	numbers [8]uintptr
)

// runs is what a goroutine says that never parks.
func runs(label string) *truth.Expected {
	return &truth.Expected{Label: label, Status: []string{"running", "runnable"}, Fickle: true}
}

// An owner gets a finalizer.
type owner struct {
	job
	others []int
}

func init() {
	for _, w := range []way{
		{name: "dropped", only: "lost", hold: func(*keeper, context.Context, context.CancelFunc) {}},
		{name: "global", only: "alive", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			onEnd = wrap(both(onEnd, cancel))
		}},
		{name: "global slice", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			current.jobs = append(current.jobs, job{"", cancel})
			if k.lost {
				current.jobs[len(current.jobs)-1] = job{}
			}
		}},
		{name: "global map", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			byName[k.label] = cancel
			if k.lost {
				delete(byName, k.label)
			}
		}},
		{name: "global sync.Map", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			shared.Store(k.label, cancel)
			if k.lost {
				shared.Delete(k.label)
			}
		}},
		{name: "global pointer", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			current.last = into(job{"", cancel})
			current.last = nil
		}},
		{name: "global number", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			numbers[3] = *(*uintptr)(unsafe.Pointer(&cancel)) // no pointer: the collector does not follow it
		}},
		{name: "put into a sync.Pool", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			pool.Put(into(job{"", cancel})) // two collections later it is gone
		}},
		{name: "parked variable", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			j := into(job{"", cancel})
			k.share(j)
			stuck := *k
			stuck.lost, stuck.label = true, k.label+" stuck"
			stuck.halt()
			j.stop()
		}},
		{name: "time.AfterFunc", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			t := time.AfterFunc(10*time.Hour, cancel)
			if k.lost {
				t.Stop()
			}
		}},
		{name: "stopped timer that can be reset", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			t := time.AfterFunc(10*time.Hour, func() { cancel() })
			t.Stop()
			k.halt()
			t.Reset(time.Second)
		}},
		{name: "object with a finalizer", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			o := into(owner{job: job{"", cancel}})
			runtime.SetFinalizer(o, (*owner).end)
			k.halt()
			o.stop()
		}},
		{name: "finalizer", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			o := into(owner{})
			runtime.SetFinalizer(o, func(*owner) { cancel() })
			k.halt()
			use(o)
		}},
		{name: "janitor", parked: 2, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			o := janitor(k, cancel)
			k.halt()
			use(o)
		}},
		{name: "file", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			r, w, err := os.Pipe() // package os gives them finalizers or cleanups
			use(err == nil)
			x := into(struct {
				r, w *os.File
				job
			}{r, w, job{"", cancel}})
			k.halt()
			x.stop()
		}},
		{name: "dropped by a cycle", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			b := into(box[context.CancelFunc]{x: cancel})
			b.next = into(box[context.CancelFunc]{next: b})
		}},
		{name: "dropped by a channel", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan context.CancelFunc, 1)
			c <- cancel
		}},
		{name: "channel that is global", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			c := make(chan context.CancelFunc, 1)
			keep = append(keep, c)
			c <- cancel
			if k.lost {
				<-c
			}
		}},
		{name: "child of it", only: "lost", hold: func(_ *keeper, ctx context.Context, _ context.CancelFunc) {
			child, stop := context.WithCancel(ctx)
			keep = append(keep, stop) // which ends the child alone
			use(child)
		}},
		{name: "below a value", parked: 1, made: func(parent context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(context.WithValue(parent, cancelKey{}, 1))
		}, hold: (*keeper).held},
		{name: "below an embedding type", parked: 1, made: func(parent context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(&named{parent, "below"})
		}, hold: (*keeper).held},
		{name: "in an embedding type", parked: 1, made: func(parent context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(parent)
			keep = append(keep, &named{parent, "other"})
			use(&named{ctx, "in"})
			return ctx, cancel
		}, hold: (*keeper).held},
		{name: "time.After", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			k.begin("chan receive")
			<-time.After(10 * time.Hour)
			cancel()
		}},
		{name: "goroutine that waits for a deadline", parked: 1, only: "alive", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, stop := context.WithTimeout(context.Background(), 10*time.Hour)
			defer stop()
			k.begin("chan receive")
			<-ctx.Done()
			cancel()
		}},
	} {
		ways = append(ways, w)
	}
}

func (o *owner) end() { o.cancel() }

// A named context has no Done of its own.
type named struct {
	context.Context
	name string
}

// held is the plain way.
func (k *keeper) held(_ context.Context, cancel context.CancelFunc) {
	k.halt()
	cancel()
}

//go:noinline
func both(f, g func()) func() {
	return func() {
		f()
		g()
	}
}
