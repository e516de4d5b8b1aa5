package main

import (
	"fmt"
	"math/rand"
	"sync"
)

// place is something to wait on; waiting on it is one of several kinds.
type place struct {
	object interface{}
	wait   func()
	c      chan int // nil: no channel
}

func newPlace(r *rand.Rand) place {
	switch r.Intn(8) {
	case 0:
		m := &new([4]sync.Mutex)[1]
		m.Lock()
		return place{m, m.Lock, nil}
	case 1:
		k := sync.NewCond(new(sync.Mutex))
		return place{k, func() { k.L.Lock(); k.Wait() }, nil}
	case 2:
		m := new(sync.RWMutex)
		m.Lock()
		return place{m, m.RLock, nil}
	default:
		c := make(chan int)
		return place{c, nil, c}
	}
}

// box is between a holder and what it holds.
type box struct {
	inner interface{}
	pad   [5]int
}

func boxed(r *rand.Rand, x interface{}) interface{} {
	for r.Intn(3) > 0 {
		switch inner := x; r.Intn(4) {
		case 0:
			x = &box{inner: inner}
		case 1:
			x = map[string]interface{}{"k": inner}
		case 2:
			x = []interface{}{nil, inner}
		case 3:
			x = func() { use(inner) }
		}
	}
	return x
}

// A plan of one goroutine: the places it waits on, and those it holds.
type plan struct {
	waits, holds []int
	dead         []int // held in a variable that is not used any more
	back         bool
}

func random(seed int64, n int) {
	r := rand.New(rand.NewSource(seed))
	places := make([]place, n)
	for i := range places {
		places[i] = newPlace(r)
	}
	// About one goroutine in twenty hangs on a variable; what others hold makes long ways from there.
	reached := make([]bool, n)
	for i := range places {
		if r.Intn(20) == 0 {
			globals = append(globals, boxed(r, places[i].object))
			reached[i] = true
		}
	}
	plans := make([]plan, n)
	for i := range plans {
		p := &plans[i]
		p.waits = []int{r.Intn(n)}
		for places[p.waits[0]].c != nil && len(p.waits) < 3 && r.Intn(3) == 0 {
			if w := r.Intn(n); places[w].c != nil {
				p.waits = append(p.waits, w)
			}
		}
		for r.Intn(5) > 1 {
			p.holds = append(p.holds, r.Intn(n))
		}
		if r.Intn(4) == 0 {
			p.dead = append(p.dead, r.Intn(n))
		}
	}
	fixpoint(plans, reached)
	for i := range plans {
		launch(r, fmt.Sprintf("random %d", i), &plans[i], places)
	}
}

// fixpoint is the rule as the plans have it.
func fixpoint(plans []plan, reached []bool) {
	for again := true; again; {
		again = false
		for i := range plans {
			p := &plans[i]
			for _, w := range p.waits {
				if p.back || !reached[w] {
					continue
				}
				p.back, again = true, true
				for _, h := range append(append([]int{}, p.holds...), p.waits...) {
					reached[h] = true
				}
			}
		}
	}
}

//go:noinline
func launch(r *rand.Rand, name string, p *plan, places []place) {
	var held, dead []interface{}
	for _, h := range p.holds {
		held = append(held, boxed(r, places[h].object))
	}
	for _, d := range p.dead {
		dead = append(dead, places[d].object)
	}
	stage := stuck
	if p.back {
		stage = live
	}
	wait := places[p.waits[0]].wait
	if wait == nil {
		wait = waitOn(r, p, places)
	}
	start(name, stage, func() {
		useAll(dead)
		wait()
		useAll(held)
	})
}

//go:noinline
func useAll(all []interface{}) {
	for _, x := range all {
		use(x)
	}
}

// waitOn is one of the operations that the number of channels allows.
func waitOn(r *rand.Rand, p *plan, places []place) func() {
	c := places[p.waits[0]].c
	if len(p.waits) == 1 {
		if r.Intn(2) == 0 {
			return func() { <-c }
		}
		return func() { recv(c) }
	}
	d := places[p.waits[1]].c
	if len(p.waits) == 2 {
		return func() {
			select {
			case <-c:
			case <-d:
			}
		}
	}
	e := places[p.waits[2]].c
	return func() {
		select {
		case <-c:
		case <-d:
		case <-e:
		}
	}
}

//go:noinline
func recv(c chan int) { <-c }

// chain parks n goroutines, each of which holds what the next one waits on.
func chain(n int, ring bool) {
	first := make(chan int)
	stage := live
	if ring {
		stage = stuck
	} else {
		globals = append(globals, first)
	}
	at := first
	for i := 0; i < n; i++ {
		next := make(chan int)
		if ring && i == n-1 {
			next = first
		}
		link(i, stage, at, next)
		at = next
	}
}

func link(i int, stage string, at, next chan int) {
	start(fmt.Sprint("link ", i), stage, func() {
		<-at
		use(next)
	})
}
