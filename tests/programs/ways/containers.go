package main

import (
	"container/list"
	"container/ring"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

type job struct {
	name   string
	cancel context.CancelFunc
}

func (j job) stop() { j.cancel() }

type stopper interface{ stop() }

// A session is a struct as services have them: interface first, the CancelFunc among the rest.
type session struct {
	context.Context
	id     int
	labels map[string]string
	inner  struct {
		pad  [5]int
		jobs [3]job
	}
}

type box[T any] struct {
	next *box[T]
	x    T
}

type tree struct {
	left, right *tree
	cancel      context.CancelFunc
}

type failure struct{ cancel context.CancelFunc }

func (f *failure) Error() string { return "failed" }

type cancelKey struct{}

// into moves x to the heap.
//
//go:noinline
func into[T any](x T) *T { return &x }

//go:noinline
func wrap(f func()) func() {
	return func() { f() }
}

// use counts as a use.
//
//go:noinline
func use(x any) {
	if x == nil {
		panic("nothing to use")
	}
}

// plant makes a tree with the CancelFunc in one of its leaves.
func plant(depth int, cancel context.CancelFunc) *tree {
	if depth == 0 {
		return &tree{cancel: cancel}
	}
	return &tree{left: plant(depth-1, nil), right: plant(depth-1, cancel)}
}

// nest has the CancelFunc n callers up.
//
//go:noinline
func nest(n int, k *keeper, cancel context.CancelFunc) {
	if n == 0 {
		k.halt()
		return
	}
	if n == 20 {
		nest(n-1, k, nil)
		cancel()
		return
	}
	nest(n-1, k, cancel)
}

//go:noinline
func variadic(k *keeper, fs ...func()) {
	k.halt()
	for _, f := range fs {
		f()
	}
}

var pool = sync.Pool{New: func() any { return new(job) }}

// contain: the holder has it in a local variable of some type.
var contain = map[string]func(k *keeper, cancel context.CancelFunc){
	"local": func(k *keeper, cancel context.CancelFunc) {
		k.halt()
		cancel()
	},
	"caller": func(k *keeper, cancel context.CancelFunc) { nest(20, k, cancel) },
	"variadic": func(k *keeper, cancel context.CancelFunc) {
		variadic(k, wrap(cancel), cancel)
	},
	"closure": func(k *keeper, cancel context.CancelFunc) {
		f := wrap(cancel)
		k.halt()
		f()
	},
	"nested closures": func(k *keeper, cancel context.CancelFunc) {
		f := wrap(wrap(wrap(cancel)))
		k.halt()
		f()
	},
	"struct on the stack": func(k *keeper, cancel context.CancelFunc) {
		s := session{id: 1}
		s.inner.jobs[2].cancel = cancel
		p := &s.inner.jobs
		k.halt()
		p[2].stop()
	},
	"struct": func(k *keeper, cancel context.CancelFunc) {
		s := into(session{id: 1})
		s.inner.jobs[1].cancel = cancel
		k.halt()
		s.inner.jobs[1].stop()
	},
	"interior pointer": func(k *keeper, cancel context.CancelFunc) {
		p := &into(session{id: 1}).inner.jobs[2]
		p.cancel = cancel
		k.halt()
		p.stop()
	},
	"pointer to pointer": func(k *keeper, cancel context.CancelFunc) {
		p := into(into(into(cancel)))
		k.halt()
		(***p)()
	},
	"slice": func(k *keeper, cancel context.CancelFunc) {
		s := append(make([]context.CancelFunc, 3, 10), cancel)
		k.halt()
		s[3]()
	},
	"slices of slices": func(k *keeper, cancel context.CancelFunc) {
		s := *into([][]job{nil, {{}, {cancel: cancel}}})
		k.halt()
		s[1][1].stop()
	},
	"large object": func(k *keeper, cancel context.CancelFunc) {
		p := into([9000]context.CancelFunc{8999: cancel})
		k.halt()
		p[8999]()
	},
	"map value": func(k *keeper, cancel context.CancelFunc) {
		m := map[string]context.CancelFunc{"a": cancel}
		k.halt()
		m["a"]()
	},
	"map of many": func(k *keeper, cancel context.CancelFunc) {
		m := map[int]job{}
		for i := 0; i < 3000; i++ {
			m[i] = job{}
		}
		m[1500] = job{"", cancel}
		k.halt()
		m[1500].stop()
	},
	"map of large values": func(k *keeper, cancel context.CancelFunc) {
		m := map[[20]int][30]job{{1}: {29: {"", cancel}}}
		k.halt()
		m[[20]int{1}][29].stop()
	},
	"map of maps": func(k *keeper, cancel context.CancelFunc) {
		m := map[any]map[string]any{1: {"b": cancel}}
		k.halt()
		use(m[1]["b"])
	},
	"map key": func(k *keeper, cancel context.CancelFunc) {
		m := map[struct{ j *job }]bool{{into(job{"", cancel})}: true}
		k.halt()
		for key := range m {
			key.j.stop()
		}
	},
	"channel buffer": func(k *keeper, cancel context.CancelFunc) {
		c := make(chan context.CancelFunc, 2)
		c <- cancel
		k.halt()
		(<-c)()
	},
	"channel of channels": func(k *keeper, cancel context.CancelFunc) {
		c := make(chan chan job, 1)
		c <- make(chan job, 7)
		in := <-c
		in <- job{"", cancel}
		c <- in
		k.halt()
		use(<-<-c)
	},
	"interface": func(k *keeper, cancel context.CancelFunc) {
		var x any = cancel
		k.halt()
		use(x)
	},
	"interface with methods": func(k *keeper, cancel context.CancelFunc) {
		var x stopper = job{"", cancel}
		k.halt()
		x.stop()
	},
	"method value": func(k *keeper, cancel context.CancelFunc) {
		f := *into(job{"", cancel}.stop)
		k.halt()
		f()
	},
	"method value of an interface": func(k *keeper, cancel context.CancelFunc) {
		f := *into(stopper(job{"", cancel}).stop)
		k.halt()
		f()
	},
	"generic": func(k *keeper, cancel context.CancelFunc) {
		b := into(box[box[context.CancelFunc]]{x: box[context.CancelFunc]{x: cancel}})
		k.halt()
		b.x.x()
	},
	"linked list": func(k *keeper, cancel context.CancelFunc) {
		var b *box[job]
		for i := 0; i < 100; i++ {
			b = &box[job]{next: b}
		}
		b = &box[job]{next: &box[job]{next: b, x: job{"", cancel}}}
		k.halt()
		b.next.x.stop()
	},
	"container/list": func(k *keeper, cancel context.CancelFunc) {
		l := list.New()
		l.PushBack(1)
		l.PushBack(cancel)
		e := l.PushBack(3)
		k.halt()
		use(e.Prev().Value)
	},
	"container/ring": func(k *keeper, cancel context.CancelFunc) {
		r := ring.New(9)
		r.Move(5).Value = cancel
		k.halt()
		use(r.Move(5).Value)
	},
	"tree": func(k *keeper, cancel context.CancelFunc) {
		t := plant(7, cancel)
		k.halt()
		use(t)
	},
	"sync.Map": func(k *keeper, cancel context.CancelFunc) {
		m := new(sync.Map)
		for i := 0; i < 50; i++ {
			m.Store(i, i)
		}
		m.Store("cancel", cancel)
		k.halt()
		m.Load("cancel")
	},
	"from a sync.Pool": func(k *keeper, cancel context.CancelFunc) {
		j := pool.Get().(*job)
		j.cancel = cancel
		k.halt()
		pool.Put(j)
	},
	"atomic.Value": func(k *keeper, cancel context.CancelFunc) {
		v := new(atomic.Value)
		v.Store(cancel)
		k.halt()
		use(v.Load())
	},
	"atomic.Pointer": func(k *keeper, cancel context.CancelFunc) {
		v := new(atomic.Pointer[job])
		v.Store(into(job{"", cancel}))
		k.halt()
		v.Load().stop()
	},
	"unsafe.Pointer": func(k *keeper, cancel context.CancelFunc) {
		p := into(unsafe.Pointer(into(cancel)))
		k.halt()
		(*(*context.CancelFunc)(*p))()
	},
	"reflect.Value": func(k *keeper, cancel context.CancelFunc) {
		v := into(reflect.ValueOf(cancel))
		k.halt()
		v.Call(nil)
	},
	"error": func(k *keeper, cancel context.CancelFunc) {
		err := fmt.Errorf("no use: %w", &failure{cancel})
		k.halt()
		var f *failure
		errors.As(err, &f)
		f.cancel()
	},
	"context value": func(k *keeper, cancel context.CancelFunc) {
		ctx := context.WithValue(context.WithValue(context.Background(), cancelKey{}, cancel), 1, 2)
		k.halt()
		ctx.Value(cancelKey{}).(context.CancelFunc)()
	},
	"another context's value": func(k *keeper, cancel context.CancelFunc) {
		ctx, stop := context.WithCancel(context.WithValue(context.Background(), cancelKey{}, cancel))
		k.halt()
		use(ctx)
		stop()
	},
	"CancelFunc of a context that has it as a value": func(k *keeper, cancel context.CancelFunc) {
		_, stop := context.WithCancel(context.WithValue(context.Background(), cancelKey{}, cancel))
		k.halt()
		stop()
	},
	"embedded": func(k *keeper, cancel context.CancelFunc) {
		x := into(struct {
			sync.Mutex
			*job
		}{job: into(job{"", cancel})})
		k.halt()
		x.stop()
	},
	"sync.Once": func(k *keeper, cancel context.CancelFunc) {
		once := new(sync.Once)
		f := wrap(func() { once.Do(cancel) })
		k.halt()
		f()
	},
	"errgroup": func(k *keeper, cancel context.CancelFunc) {
		var g struct {
			cancel func()
			wg     sync.WaitGroup
			sem    chan struct{}
			once   sync.Once
		}
		g.cancel = cancel
		k.halt()
		g.once.Do(g.cancel)
	},
	"defer": func(k *keeper, cancel context.CancelFunc) {
		defer cancel()
		k.halt()
	},
	"defer in a loop": func(k *keeper, cancel context.CancelFunc) {
		for i := 0; i < 3; i++ {
			defer cancel()
		}
		k.halt()
	},
	"defer of a closure": func(k *keeper, cancel context.CancelFunc) {
		f := wrap(cancel)
		defer func() {
			recover()
			f()
		}()
		k.halt()
	},
	"defer of a method": func(k *keeper, cancel context.CancelFunc) {
		for i := 0; i < 2; i++ {
			defer job{"", cancel}.stop()
		}
		k.halt()
	},
	"value of a panic": func(k *keeper, cancel context.CancelFunc) {
		defer func() { use(recover()) }()
		defer k.halt()
		panic(cancel)
	},
	"defer of a panicking function": func(k *keeper, cancel context.CancelFunc) {
		defer func() {
			recover()
			cancel()
		}()
		defer k.halt()
		panic("no use")
	},
}

func init() {
	for name, f := range contain {
		f := f
		ways = append(ways, way{name: name, parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) { f(k, cancel) }})
	}
}
