package main

import (
	"context"
	"runtime"
	"time"
	"unsafe"
)

type resource struct {
	pad  [80]int
	item *Item
}

// neighbours keep the span of an object that is collected.
var neighbours [32]*[3000]byte

//go:noinline
func collected() {
	for n := range neighbours {
		neighbours[n] = new([3000]byte)
	}
	note("collected", uintptr(unsafe.Pointer(neighbours[16])), "free", "")
	neighbours[16] = nil
}

//go:noinline
func withFinalizer(item *Item) {
	r := &resource{item: item}
	runtime.SetFinalizer(r, func(r *resource) {})
}

//go:noinline
func finalizerHolds(item *Item) {
	r := &resource{}
	runtime.SetFinalizer(r, func(r *resource) { use(item) })
}

//go:noinline
func timed(item *Item) {
	time.AfterFunc(time.Hour, func() { use(item) })
}

//go:noinline
func deadline() uintptr {
	ctx, stop := context.WithTimeout(context.Background(), time.Hour)
	_ = stop
	return (*[2]uintptr)(unsafe.Pointer(&ctx))[1]
}

//go:noinline
func dropped() uintptr { return at(newItem("garbage")) }

func roots() {
	keep("held by what has a finalizer", "finalizer", withFinalizer, headed(".item", " +0x280"))
	keep("held by a finalizer", "finalizer", finalizerHolds, "function", capture("item", 8, "main.finalizerHolds.func1"))
	keep("timer", "timer", timed, "arg", capture("item", 8, "main.timed.func1"))
	note("context with a deadline", deadline(), "timer", "*context.timerCtx", "arg",
		capture("c", 8, deadlineFunc))
	note("garbage", dropped(), "garbage", "")
	note("variable", uintptr(unsafe.Pointer(&direct)), "variable", "", "global main.direct, a *main.Item")
}
