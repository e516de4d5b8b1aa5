package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"goctx.test/programs/truth"
)

// janitor waits for an object to be let go, as caches have it: its finalizer ends the goroutine, which has the CancelFunc.
func janitor(k *keeper, cancel context.CancelFunc) *owner {
	o, stop := into(owner{}), make(chan []int)
	runtime.SetFinalizer(o, func(*owner) { close(stop) })
	go func() {
		k.begin("chan receive")
		<-stop
		cancel()
	}()
	return o
}

// garbage: objects that have been let go, but not collected yet. What their finalizers lead to is alive.
var garbage = []way{
	{name: "finalizer of garbage", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
		runtime.SetFinalizer(into(owner{}), func(*owner) { cancel() })
	}},
	{name: "garbage with a finalizer", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
		runtime.SetFinalizer(into(owner{job: job{"", cancel}}), (*owner).end)
	}},
	{name: "janitor of garbage", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
		janitor(k, cancel)
	}},
}

// late makes garbage that stays.
func late(rec *truth.Recorder, parents map[string]context.Context) {
	debug.SetGCPercent(-1)
	for i := range garbage {
		for _, below := range []string{"background", "parent"} {
			w := &garbage[i]
			bring(w, &keeper{label: w.name, parent: parents[below], rec: rec}, below)
		}
	}
	for text := make([]byte, 1<<18); ; runtime.Gosched() {
		stacks := string(text[:runtime.Stack(text, true)])
		if strings.Count(stacks, " [running") == 1 && !strings.Contains(stacks, " [runnable") {
			break
		}
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
}
