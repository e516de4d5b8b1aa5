package main

import (
	"strings"
	"unsafe"
)

type pair struct {
	count int
	left  *Item
	right *Item
}

type holder struct {
	name string
	item *Item
	all  []*Item
	one  interface{}
}

type keeper interface{ keep() *Item }

func (h *holder) keep() *Item { return h.item }

var waiters = []func(){
	func() { parameter(newItem("parameter")) },
	variable, structure, pointer, inside, list, list3, anything, keeps, closure, table, channel,
	array, text, inlined, inlinedBlock, moved, block, stacked,
	func() { second("", 0, newItem("second parameter")) },
	func() { named() },
	func() { (&holder{item: newItem("receiver")}).method() },
}

//go:noinline
func parameter(item *Item) {
	tell("parameter", at(unsafe.Pointer(item)), "main.parameter", "item", "item", "item")
	<-never
	use(item)
}

//go:noinline
func second(name string, n int, item *Item) {
	tell("second parameter", at(unsafe.Pointer(item)), "main.second", "item", "item", "item")
	<-never
	use(item)
}

//go:noinline
func (h *holder) method() {
	tell("receiver", at(unsafe.Pointer(h.item)), "main.(*holder).method", "h", "h.item", "h", ".item")
	<-never
	use(h)
}

//go:noinline
func named() (result *Item) {
	result = newItem("result")
	defer func() { use(result) }()
	tell("named result", at(unsafe.Pointer(result)), "main.named", "result", "result", "result")
	<-never
	return result
}

//go:noinline
func variable() {
	mine := newItem("variable")
	tell("variable", at(unsafe.Pointer(mine)), "main.variable", "mine", "mine", "mine")
	<-never
	use(mine)
}

//go:noinline
func fill(p *pair) { p.left, p.right = newItem("left"), newItem("right") }

//go:noinline
func structure() {
	var both pair
	fill(&both)
	tell("field of a struct", at(unsafe.Pointer(both.right)), "main.structure", "both", "both.right", "both.right")
	<-never
	use(both.right)
	use(both.left)
	fill(&both)
}

//go:noinline
func pointer() {
	h := &holder{item: newItem("behind a pointer")}
	tell("behind a pointer", at(unsafe.Pointer(h.item)), "main.pointer", "h", "h.item", "h", ".item")
	<-never
	use(h)
}

//go:noinline
func inside() {
	h := &holder{all: []*Item{nil, newItem("in a slice of a struct")}}
	tell("in a slice of a struct", at(unsafe.Pointer(h.all[1])), "main.inside", "h", "h.all.array[1]", "h", ".all[1]")
	<-never
	use(h)
}

//go:noinline
func list() {
	items := append([]*Item(nil), nil, nil, newItem("in a slice"))
	tell("in a slice", at(unsafe.Pointer(items[2])), "main.list", "items", "items.array[2]", "items[2]")
	<-never
	use(items)
}

// list3 has a pointer and a length apart from each other.
//
//go:noinline
func list3() {
	items := append([]*Item(nil), nil, newItem("in a later slice"))
	for i := 0; i < len(never)+1; i++ {
		items = append(items, newItem("more"))
	}
	tell("in a slice that grew", at(unsafe.Pointer(items[1])), "main.list3", "items", "items.array[1]", "items[1]")
	<-never
	for _, item := range items {
		use(item)
	}
}

//go:noinline
func boxed(n int) interface{} {
	if n == 0 {
		return newItem("in an interface")
	}
	return n
}

//go:noinline
func anything() {
	value := boxed(len(never))
	item := at(unsafe.Pointer(value.(*Item)))
	tell("in an interface", item, "main.anything", "value", "value.data", "value")
	<-never
	use(value)
}

//go:noinline
func hold() keeper { return &holder{item: newItem("in an interface with methods")} }

//go:noinline
func keeps() {
	k := hold()
	tell("in an interface with methods", at(unsafe.Pointer(k.keep())), "main.keeps", "k", "", "k", ".item")
	<-never
	use(k)
}

//go:noinline
func closes(item *Item) func() { return func() { use(item) } }

//go:noinline
func closure() {
	item := newItem("in a closure")
	f := closes(item)
	tell("in a closure", at(unsafe.Pointer(item)), "main.closure", "f", "", "f", "*")
	item = nil
	<-never
	f()
}

//go:noinline
func table() {
	m := make(map[string]*Item)
	m["a"] = newItem("in a map")
	tell("in a map", at(unsafe.Pointer(m["a"])), "main.table", "m", "", `m["a"]`)
	<-never
	use(m)
}

//go:noinline
func channel() {
	c := make(chan *Item, 3)
	item := newItem("in a channel")
	c <- item
	tell("in a channel", at(unsafe.Pointer(item)), "main.channel", "c", "", "c", ".buf[0]")
	item = nil
	<-never
	use(c)
}

//go:noinline
func fillArray(items *[3]*Item) { items[1] = newItem("in an array") }

//go:noinline
func array() {
	var three [3]*Item
	fillArray(&three)
	tell("in an array", at(unsafe.Pointer(three[1])), "main.array", "three", "three[1]", "three[1]")
	<-never
	fillArray(&three)
	use(three[1])
}

//go:noinline
func text() {
	s := strings.Repeat("text ", 20+len(never))
	tell("text", at(*(*unsafe.Pointer)(unsafe.Pointer(&s))), "main.text", "s", "s.str", "s")
	<-never
	use(s)
}

func inner(held *holder, n int) {
	tell("parameter of what is inlined", at(unsafe.Pointer(held.item)), "main.inner", "held", "held.item", "held", ".item")
	<-never
	use(held.item)
	use(n)
}

//go:noinline
func made(n int) []*holder { return []*holder{{item: newItem("inlined")}}[:n+1] }

//go:noinline
func inlined() { inner(made(len(never))[0], 3) }

func each(n int) {
	for i := 0; i < n; i++ {
		own := newItem("inlined block")
		tell("variable of a block of what is inlined", at(unsafe.Pointer(own)), "main.each", "own", "own", "own")
		<-never
		use(own)
	}
}

//go:noinline
func inlinedBlock() { each(1 + len(never)) }

//go:noinline
func later(f func()) { f() }

//go:noinline
func moved() {
	shared := newItem("moved to the heap")
	store := func() { shared = newItem("another") }
	go func() {
		<-never
		store()
	}()
	tell("moved to the heap", at(unsafe.Pointer(shared)), "main.moved", "shared", "", "shared")
	<-never
	store()
	use(shared)
}

//go:noinline
func block() {
	for i := 0; i < 1+len(never); i++ {
		if inner := newItem("block"); inner != nil {
			tell("variable of a block", at(unsafe.Pointer(inner)), "main.block", "inner", "inner", "inner")
			<-never
			use(inner)
		}
	}
}

//go:noinline
func (h *holder) wait() {
	tell("struct of a caller", at(unsafe.Pointer(h.item)), "main.stacked", "own", "own.item", "own.item")
	<-never
	h.item.pad[0]++
}

// stacked keeps a struct on its own stack, which only the functions that it calls know.
//
//go:noinline
func stacked() {
	own := holder{item: newItem("struct of a caller")}
	own.wait()
}
