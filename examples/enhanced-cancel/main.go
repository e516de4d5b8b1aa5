// Enhanced-cancel: a CancelFunc that takes a reason, hidden from vet, and dropped.
package main

import (
	"context"

	"example.com/enhanced-cancel/lifecycle"
)

func main() {
	n, fixed := options(50, "tasks that end")
	ctx, stop := context.WithCancel(context.Background())

	for i := 0; i < n; i++ {
		work(ctx, fixed)
	}
	last, end := lifecycle.WithReason(ctx)
	go heartbeat(last)

	hold(true)
	end(lifecycle.Reason{Text: "shutting down"})
	stop()
}

// work is a task with a heartbeat beside it.
func work(parent context.Context, fixed bool) {
	ctx, end := lifecycle.WithReason(parent)
	beating := make(chan struct{})
	go func() {
		close(beating)
		heartbeat(ctx)
	}()
	<-beating
	if fixed {
		end(lifecycle.Reason{Text: "done"})
	}
	// the bug: nobody calls end, and vet knows only of context's own functions
}

// heartbeat tells that the task is alive, as long as it is.
func heartbeat(ctx context.Context) string {
	<-ctx.Done()
	return lifecycle.Of(ctx).Text
}
