package main

import (
	"container/list"
	"fmt"
	"math/rand"
	"runtime"
	"sync"
	"unsafe"
)

type node struct {
	d    uintptr
	next *node
	id   int
}

// lists makes long chains: in order, backwards, and in no order at all.
func lists() {
	m := newMaker("long lists")
	nodes := tell("long lists", true)
	for _, how := range []string{"forward", "backward", "shuffled"} {
		all := make([]*node, 60000)
		for i := range all {
			all[i] = &node{id: i}
			if i%20 == 0 {
				nodes.add(unsafe.Pointer(all[i]))
				all[i].d = m.decoy()
			}
		}
		switch how {
		case "backward":
			for i, k := 0, len(all)-1; i < k; i, k = i+1, k-1 {
				all[i], all[k] = all[k], all[i]
			}
		case "shuffled":
			rand.New(rand.NewSource(1)).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		}
		for i := 1; i < len(all); i++ {
			all[i-1].next = all[i]
		}
		roots = append(roots, all[0])
	}
	m.done()
}

func containers() {
	m := newMaker("maps, channels, lists, inner pointers")
	small, large, keys := map[string]*leaf{}, map[int]mixed{}, map[*leaf]uintptr{}
	for i := 0; i < 5; i++ {
		small[fmt.Sprint(i)] = m.leaf()
	}
	for i := 0; i < 5000; i++ {
		large[i] = mixed{m.decoy(), m.leaf()}
		keys[m.leaf()] = m.decoy()
	}
	for i := 0; i < 5000; i += 3 {
		delete(large, -i-1)
	}
	var shared sync.Map
	shared.Store("key", m.leaf())
	pointers, values := make(chan *leaf, 100), make(chan mixed, 50)
	for i := 0; i < 70; i++ {
		pointers <- m.leaf()
	}
	for i := 0; i < 30; i++ {
		values <- mixed{m.decoy(), m.leaf()}
	}
	linked := list.New()
	for i := 0; i < 100; i++ {
		linked.PushBack(m.leaf())
	}
	inner := &spread{}
	inner.fill(m)
	nested := make([][]*leaf, 300)
	for i := range nested {
		nested[i] = []*leaf{m.leaf(), m.leaf(), m.leaf()}[1:2]
		m.leaves.add(unsafe.Pointer(&nested[i][0]))
	}
	tiny := make([]*byte, 200)
	for i := range tiny {
		tiny[i] = new(byte)
		m.leaves.add(unsafe.Pointer(tiny[i]))
	}
	// The object is reached through a pointer into it alone.
	m.done(small, large, keys, &shared, pointers, values, linked, &inner.p3, nested, tiny)
}

// drops makes a graph that hangs together, loops included, and that nothing will reach.
func drops() {
	nodes := tell("dropped graph", false)
	var previous *node
	ring := &node{}
	ring.next = ring
	nodes.add(unsafe.Pointer(ring))
	for i := 0; i < 3000; i++ {
		previous = &node{next: previous, id: i}
		nodes.add(unsafe.Pointer(previous))
	}
	large := make([]*node, 100000)
	large[5] = previous
	nodes.add(unsafe.Pointer(&large[0]))
	text := make([]byte, 100000)
	nodes.add(unsafe.Pointer(&text[0]))
	for _, p := range []unsafe.Pointer{unsafe.Pointer(previous), unsafe.Pointer(ring), unsafe.Pointer(&large[0]), unsafe.Pointer(&text[0])} {
		hold(p)
	}
}

type finalized struct {
	d     uintptr
	reach *node
}

// special makes objects with finalizers: what they reach is kept, they themselves are not.
func special() {
	m := newMaker("finalizers")
	owners, behind := tell("objects with a finalizer", false), tell("behind objects with a finalizer", true)
	for i := 0; i < 50; i++ {
		o := &finalized{d: m.decoy(), reach: &node{next: &node{}}}
		captured := m.leaf()
		runtime.SetFinalizer(o, func(*finalized) { captured.id++ })
		owners.add(unsafe.Pointer(o))
		behind.add(unsafe.Pointer(o.reach))
		behind.add(unsafe.Pointer(o.reach.next))
		hold(unsafe.Pointer(o))
	}
	large := new([600]finalized)
	large[599].reach = &node{}
	runtime.SetFinalizer(large, func(*[600]finalized) {})
	owners.add(unsafe.Pointer(large))
	behind.add(unsafe.Pointer(large[599].reach))
	hold(unsafe.Pointer(large))
	m.done()
}
