// Program odd has stacks that are seldom seen: deeper than any table, in a
// method that could not be called on nil, in one that panics; see package truth.
package main

import (
	"context"
	"os"
	"runtime"
	"strconv"

	"goctx.test/programs/truth"
)

type value struct{ n int }

// Method has a value receiver: the compiler makes a wrapper for pointers, which
// calls runtime.panicwrap when that is nil.
func (v value) Method() int { return v.n }

type outer struct{ *inner }

type inner struct{ n int }

// Promoted is called through a wrapper of outer that dereferences inner.
func (i *inner) Promoted() int { return i.n }

type caller interface{ Method() int }

type promoter interface{ Promoted() int }

//go:noinline
func park(r *truth.Recorder, label string, never chan int) {
	r.Begin(&truth.Expected{Label: label, Status: []string{"chan receive"}})
	<-never
}

func parked(r *truth.Recorder, label string, never chan int, f func()) {
	go func() {
		defer park(r, label, never)
		f()
	}()
	r.Await(1)
}

//go:noinline
func deep(n int, r *truth.Recorder, never chan int) int {
	if n == 0 {
		park(r, "deep", never)
		return 0
	}
	return deep(n-1, r, never) + 1
}

func main() {
	r := truth.NewRecorder()
	r.Keep("background", context.Background(), nil)
	never := make(chan int)
	var nilValue *value
	parked(r, "wrapper that calls panicwrap", never, func() { caller.Method(nilValue) })
	var nilOuter *outer
	parked(r, "wrapper that faults", never, func() { promoter.Promoted(nilOuter) })
	parked(r, "method that faults", never, func() { promoter.Promoted(outer{}) })
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			panic(err)
		}
		go deep(n, r, never)
		r.Await(1)
	}
	r.Finish()
	runtime.KeepAlive(never)
}
