//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

var weaks []weak.Pointer[node]

// newer adds cleanups and weak pointers to objects that live, and says how many.
func newer() (cleanups, weakPointers int) {
	for i := 0; i < 11; i++ {
		runtime.AddCleanup(marked[i], func(int) {}, i)
	}
	for at := chain; len(weaks) < 13; at = at.next {
		weaks = append(weaks, weak.Make(at))
	}
	return 11, len(weaks)
}
