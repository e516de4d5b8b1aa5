package main

import (
	"container/list"
	"fmt"
	"sync"
)

var (
	syncMap sync.Map
	behind  *session
	deck    list.List
	queue   *list.List
	lru     map[string]*list.Element
	pool    sync.Pool
	pools   sync.Pool
)

type session struct{ values sync.Map }

func libraries() {
	for n := 0; n < 200; n++ {
		syncMap.Store(fmt.Sprint("n", n), newItem("one of many"))
	}
	keep("sync.Map", "global", func(i *Item) { syncMap.Store("wanted", i) }, `main.syncMap["wanted"]`)
	behind = &session{}
	keep("sync.Map in a struct", "global", func(i *Item) {
		behind.values.Store(7, i)
		behind.values.Range(func(_, _ interface{}) bool { return true })
	}, "main.behind", ".values[7]")
	for n := 0; n < 9; n++ {
		switch n {
		case 2:
			keep("list element", "global", func(i *Item) { deck.PushBack(i) }, "main.deck[element 3]")
		case 7:
			keep("list element from the end", "global", func(i *Item) { deck.PushBack(i) },
				"main.deck[element 2 from the end]")
		default:
			deck.PushBack(newItem("one of many"))
		}
	}
	queue = list.New()
	queue.PushBack(newItem("first"))
	keep("list behind a pointer", "global", func(i *Item) { queue.PushBack(i) }, "main.queue", "[element 1 from the end]")
	lru = map[string]*list.Element{}
	keep("removed element", "global", func(i *Item) {
		lru["k"] = queue.PushFront(i)
		queue.Remove(lru["k"])
	}, `main.lru["k"]`, ".Value")
	keep("pool", "global", func(i *Item) { pool.Put(i) }, "main.pool (pool)")
	for n := 0; n < 3; n++ {
		pools.Put(newItem("one of many"))
	}
	keep("pool's queue", "global", func(i *Item) {
		pools.Put(i)
		for n := 0; n < 3; n++ {
			pools.Put(newItem("one of many"))
		}
	}, "main.pools (pool)")
}
