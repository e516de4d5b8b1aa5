//go:build go1.21

package main

import (
	"context"
	"sync/atomic"
	"time"
)

var live int64

func init() {
	situations["hooks"] = func() { hooks(60) }
}

// hooks: a timer and a function that is called when it fires do the work.
func hooks(n int) {
	base, stop := context.WithCancel(context.Background())
	keep = append(keep, stop)
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithTimeout(base, 2*time.Hour)
		context.AfterFunc(ctx, func() {
			atomic.AddInt64(&live, -1)
			cancel()
		})
		atomic.AddInt64(&live, 1)
	}
}
