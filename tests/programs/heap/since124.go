//go:build go1.24

package main

import (
	"runtime"
	"unsafe"
	"weak"
)

func init() { newer = append(newer, cleanups) }

// cleanups makes objects with cleanups, whose functions and arguments are kept, and weak pointers, which keep nothing.
func cleanups() {
	m := newMaker("cleanups")
	owners := tell("objects with a cleanup or a weak pointer", false)
	for i := 0; i < 50; i++ {
		o := &node{next: &node{}}
		captured := m.leaf()
		runtime.AddCleanup(o, func(l *leaf) { captured.id += l.id }, m.leaf())
		owners.add(unsafe.Pointer(o))
		owners.add(unsafe.Pointer(o.next))
		w := &node{}
		roots = append(roots, weak.Make(w))
		owners.add(unsafe.Pointer(w))
		hold(unsafe.Pointer(o))
		hold(unsafe.Pointer(w))
	}
	m.done()
}
