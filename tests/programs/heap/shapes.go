package main

import "unsafe"

// each calls f with about so many of the numbers below n, the last one among them.
func each(n, about int, f func(i int)) {
	for i := 0; i < n-1; i += 1 + n/about {
		f(i)
	}
	f(n - 1)
}

// slices makes slices of pointers: one object of every size class, and some larger ones.
func slices() {
	m := newMaker("slices of pointers")
	objects := tell("slices of pointers", true)
	sizes := []int{40 << 10 / 8, 1 << 20 / 8, 3<<20/8 + 5}
	for n := 1; n <= 4100; n += 1 + n/20 {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		s := make([]*leaf, n)
		objects.add(unsafe.Pointer(&s[0]))
		each(n, 200, func(i int) { s[i] = m.leaf() })
		roots = append(roots, s)
	}
	m.done()
}

// Types with pointers among scalars; d is a decoy each.
type (
	last struct {
		d, p0 uintptr
		p     *leaf
	}
	first struct {
		p *leaf
		d [5]uintptr
	}
	mixed struct {
		d uintptr
		p *leaf
	}
	spread struct {
		d0 [7]uintptr
		p0 *leaf
		d1 [20]uintptr
		p1 *leaf
		p2 *leaf
		d2 [30]uintptr
		p3 *leaf
		d3 uintptr
	}
	wide struct { // more than 64 words, the last ones scalars
		d0 [90]uintptr
		p0 *leaf
		d1 [63]uintptr
		p1 *leaf
		d2 [77]uintptr
	}
	any4 struct {
		d0 uintptr
		i  interface{}
		d1 uintptr
		s  string
		d2 uintptr
		b  []byte
		d3 uintptr
		f  func() uint64
		d4 uintptr
	}
	tail struct {
		p *leaf
		d [3000]uintptr
	}
	vast    [40000]mixed // its mask is made on demand, or is a program
	vastest struct {
		d [9000]uintptr
		v [30000]last
		p *leaf
		t [5000]uintptr
	}
)

type filler interface{ fill(m *maker) }

func (v *last) fill(m *maker)  { v.d, v.p0, v.p = m.decoy(), m.decoy(), m.leaf() }
func (v *mixed) fill(m *maker) { v.d, v.p = m.decoy(), m.leaf() }

func decoys(m *maker, d []uintptr) {
	each(len(d), 50, func(i int) { d[i] = m.decoy() })
}

func (v *first) fill(m *maker) { v.p = m.leaf(); decoys(m, v.d[:]) }
func (v *tail) fill(m *maker)  { v.p = m.leaf(); decoys(m, v.d[:]) }

func (v *spread) fill(m *maker) {
	v.p0, v.p1, v.p2, v.p3, v.d3 = m.leaf(), m.leaf(), m.leaf(), m.leaf(), m.decoy()
	decoys(m, v.d0[:])
	decoys(m, v.d1[:])
	decoys(m, v.d2[:])
}

func (v *wide) fill(m *maker) {
	v.p0, v.p1 = m.leaf(), m.leaf()
	decoys(m, v.d0[:])
	decoys(m, v.d1[:])
	decoys(m, v.d2[:])
}

func (v *any4) fill(m *maker) {
	for _, d := range []*uintptr{&v.d0, &v.d1, &v.d2, &v.d3, &v.d4} {
		*d = m.decoy()
	}
	captured := m.leaf()
	v.i, v.f = m.leaf(), func() uint64 { return captured.id }
	v.b = make([]byte, 48)
	m.leaves.add(unsafe.Pointer(&v.b[0]))
	v.s = string(append(v.b, 'x'))
	m.leaves.add(*(*unsafe.Pointer)(unsafe.Pointer(&v.s)))
}

func (v *vast) fill(m *maker) {
	each(len(v), 400, func(i int) { v[i].fill(m) })
}

func (v *vastest) fill(m *maker) {
	decoys(m, v.d[:])
	decoys(m, v.t[:])
	each(len(v.v), 300, func(i int) { v.v[i].fill(m) })
	v.p = m.leaf()
}

// many makes single values of a type, and slices of some lengths.
func many[T any](what string, lengths ...int) {
	m := newMaker(what)
	for _, n := range append([]int{1, 1}, lengths...) {
		s := make([]T, n)
		each(n, 300, func(i int) { interface{}(&s[i]).(filler).fill(m) })
		roots = append(roots, s)
	}
	one := new(T)
	interface{}(one).(filler).fill(m)
	roots = append(roots, one)
	m.done()
}

func structs() {
	many[last]("pointer at the end", 2, 3, 5, 10, 21, 22, 100, 1000, 5000)
	many[first]("pointer at the start", 2, 3, 5, 10, 11, 100, 1000, 5000)
	many[mixed]("pointer and scalar", 2, 3, 4, 31, 32, 33, 100, 2047, 2048, 10000)
	many[spread]("pointers spread", 2, 3, 10, 60, 61, 200)
	many[wide]("more than 64 words", 2, 3, 10, 17, 18, 100)
	many[any4]("interfaces, strings, slices, closures", 2, 3, 5, 10, 100, 500)
	many[tail]("long scalar tail", 2, 3)
	many[vast]("mask on demand", 2)
	many[vastest]("mask on demand, in a struct")
}
