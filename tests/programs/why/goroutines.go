package main

import (
	"fmt"
	"unsafe"
)

var (
	never   = make(chan int)
	started = make(chan int)
	unread  = make(chan *Item)
)

//go:noinline
func use(item *Item) { fmt.Fprintln(nil, item) }

//go:noinline
func waitWith(item *Item) {
	started <- 1
	<-never
	use(item)
}

//go:noinline
func deferInLoop(items []*Item) {
	for _, item := range items {
		item := item
		defer func() { use(item) }()
	}
	started <- 1
	items = nil
	<-never
}

//go:noinline
func send(item *Item) {
	started <- 1
	unread <- item
}

//go:noinline
func local() {
	var words [8]int
	// What note calls may need more stack, and move it; the next time there is room.
	note("", 0, "", "")
	ledger = ledger[:len(ledger)-1]
	note("variable of a stack", uintptr(unsafe.Pointer(&words)), "stack", "", "of main.local")
	started <- 1
	<-never
	words[scrub(1)&7]++
}

func goroutines() {
	go local()
	<-started

	keep("local variable", "stack", func(i *Item) {
		go waitWith(i)
		<-started
	}, "of main.waitWith")
	keep("deferred in a loop", "stack", func(i *Item) {
		go deferInLoop([]*Item{i})
		<-started
	}, "deferred call", capture("item", 8, "main.deferInLoop.func1"))
	keep("being sent", "stack", func(i *Item) {
		go send(i)
		<-started
	}, "of main.send")
}
