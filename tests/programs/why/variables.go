package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"unsafe"
)

type base struct {
	label string
	item  *Item
}

type hub struct {
	base
	rows [3]struct{ items [4]*Item }
}

type server struct {
	id  int
	hub *hub
}

type boxed struct {
	n    int
	item *Item
}

func (b boxed) String() string { return b.item.name }

// pointerOnly is kept in an interface's own data word.
type pointerOnly struct{ item *Item }

func (p pointerOnly) String() string { return p.item.name }

type holder struct {
	n    int
	item *Item
}

var (
	direct   *Item
	app      struct{ srv struct{ item *Item } }
	srv      *server
	anything interface{}
	stringer fmt.Stringer
	box      fmt.Stringer
	single   fmt.Stringer
	value    atomic.Value
	pointer  atomic.Pointer[Item]
	chain    *Item
	static   = &holder{n: 1}
	deep     = &[]*holder{{n: 1}, {n: 2}}
	unsafely unsafe.Pointer
	toHolder **holder
	ctx      context.Context
	text     string
	raw      []byte
)

func (i *Item) String() string { return i.name }

func variables() {
	keep("package variable", "global", func(i *Item) { direct = i }, "main.direct")
	keep("field of a variable", "global", func(i *Item) { app.srv.item = i }, "main.app.srv.item")
	srv = &server{hub: &hub{}}
	keep("behind pointers", "global", func(i *Item) { srv.hub.item = i }, "main.srv", ".hub", ".base.item")
	keep("arrays in arrays", "global", func(i *Item) { srv.hub.rows[1].items[2] = i },
		"main.srv", ".hub", ".rows[1].items[2]")
	keep("interface", "global", func(i *Item) { anything = i }, "main.anything")
	keep("interface with methods", "global", func(i *Item) { stringer = i }, "main.stringer")
	keep("boxed struct", "global", func(i *Item) { box = boxed{1, i} }, "main.box", ".item")
	only := newItem("struct of one pointer")
	single = pointerOnly{only}
	note("struct of one pointer", at(only), "global", "fmt.Stringer (main.pointerOnly)", "main.single.item")
	keep("atomic.Value", "global", func(i *Item) { value.Store(i) }, "main.value")
	keep("atomic.Pointer", "global", func(i *Item) { pointer.Store(i) }, "main.pointer")
	keep("data without a name", "global", func(i *Item) { static.item = i }, "main.static.item")
	keep("data behind such data", "global", func(i *Item) { (*deep)[1].item = i }, "main.deep[1].item")
	item := newItem("unsafe.Pointer")
	unsafely = unsafe.Pointer(item)
	note("unsafe.Pointer", at(item), "global", "unsafe.Pointer", "main.unsafely")
	h := &holder{n: 1}
	toHolder = &h
	keep("pointer to a pointer", "global", func(i *Item) { (*toHolder).item = i }, "main.toHolder", "*", ".item")
	keep("value of a context", "global", func(i *Item) {
		ctx = context.WithValue(context.Background(), boxed{}, i)
	}, "main.ctx", ".val")
	keep("linked list", "global", func(i *Item) {
		chain = newItem("first")
		last := chain
		for n := 0; n < 1000; n++ {
			last.next = newItem("one of many")
			last = last.next
		}
		last.next = i
	}, "main.chain", ".next", ".next", ".next")

	b := make([]byte, 100)
	raw = b
	note("bytes", uintptr(unsafe.Pointer(&b[0])), "global", "[]uint8", "main.raw")
	t := string(make([]byte, 200))
	text = t
	note("string", *(*uintptr)(unsafe.Pointer(&t)), "global", "string", "main.text")
}
