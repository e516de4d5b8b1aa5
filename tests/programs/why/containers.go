package main

import (
	"fmt"
	"unsafe"
)

type entry struct {
	n    int
	item *Item
}

type wide struct {
	pad  [20]int
	item *Item
}

var (
	slice    []*Item
	structs  []entry
	array    *[40]*Item
	channel  chan *Item
	entries  chan entry
	byName   map[string]*Item
	few      map[string]*Item
	byNumber map[int]entry
	wides    map[int]wide
	items    map[*Item]bool
	nested   map[string]map[int]*Item
	anyKeys  map[interface{}]*Item
	lists    map[string][]*Item
)

func containers() {
	slice = make([]*Item, 40)
	keep("slice", "global", func(i *Item) { slice[17] = i }, "main.slice[17]")
	structs = make([]entry, 5)
	keep("slice of structs", "global", func(i *Item) { structs[2].item = i }, "main.structs[2].item")
	array = new([40]*Item)
	keep("array", "global", func(i *Item) { array[3] = i }, "main.array", "[3]")
	channel = make(chan *Item, 8)
	keep("channel's buffer", "global", func(i *Item) {
		channel <- newItem("before it")
		channel <- i
	}, "main.channel", ".buf[1]")
	entries = make(chan entry, 8)
	keep("channel of structs", "global", func(i *Item) { entries <- entry{1, i} }, "main.entries", ".buf[0].item")
	note("channel", **(**uintptr)(unsafe.Pointer(&[]*uintptr{(*uintptr)(unsafe.Pointer(&channel))}[0])),
		"global", "chan *main.Item", "main.channel")
}

func maps() {
	byName = map[string]*Item{}
	for n := 0; n < 3000; n++ {
		byName[fmt.Sprint("n", n)] = newItem("one of many")
	}
	keep("large map", "global", func(i *Item) { byName["wanted"] = i }, `main.byName["wanted"]`)
	keep("small map", "global", func(i *Item) { few = map[string]*Item{"a": nil, "b": i} }, `main.few["b"]`)
	byNumber = map[int]entry{}
	for n := 0; n < 100; n++ {
		byNumber[n] = entry{}
	}
	keep("map of structs", "global", func(i *Item) { byNumber[42] = entry{1, i} }, "main.byNumber[42].item")
	keep("map of large structs", "global", func(i *Item) { wides = map[int]wide{7: {item: i}} }, "main.wides[7].item")
	item := newItem("key of a map")
	note("key of a map", at(item), "global", "*main.Item", fmt.Sprintf("main.items[key *main.Item 0x%x]", at(item)))
	items = map[*Item]bool{item: true}
	keep("map of maps", "global", func(i *Item) {
		nested = map[string]map[int]*Item{"x": {5: i}}
	}, `main.nested["x"][5]`)
	keep("interface as key", "global", func(i *Item) {
		anyKeys = map[interface{}]*Item{3: nil, "s": i}
	}, `main.anyKeys["s"]`)
	keep("map of slices", "global", func(i *Item) {
		lists = map[string][]*Item{"l": {nil, nil, i}}
	}, `main.lists["l"][2]`)
}
