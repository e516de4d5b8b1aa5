package main

import "sync"

var (
	nowhere *int
	hoard   [][]byte
)

// finale ends the program in the way that was asked for.
//
//go:noinline
func finale(how string) {
	switch how {
	case "panic":
		panic("the end that was asked for")
	case "fault":
		*nowhere = 1
	case "throw": // what no recover() stops
		new(sync.Mutex).Unlock()
	case "memory":
		for {
			hoard = append(hoard, make([]byte, 16<<20))
		}
	}
}
