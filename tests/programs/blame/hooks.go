//go:build go1.21

package main

import (
	"context"
	"sync/atomic"
	"time"
)

var live int64

func init() {
	situations["hooks"] = func() { hooks(60, true) }
	situations["hooks without end"] = func() { hooks(60, false) }
}

// hooks: a timer and a function that is called when it fires do the work; without a timer nothing does.
func hooks(n int, timed bool) {
	base, stop := context.WithCancel(context.Background())
	keep = append(keep, stop)
	for i := 0; i < n; i++ {
		var ctx context.Context
		var cancel context.CancelFunc
		if timed {
			ctx, cancel = context.WithTimeout(base, 2*time.Hour)
		} else {
			ctx, cancel = context.WithCancel(base)
		}
		context.AfterFunc(context.WithValue(ctx, requestKey{}, i), func() {
			atomic.AddInt64(&live, -1)
			cancel()
		})
		atomic.AddInt64(&live, 1)
	}
}
