// Goroutine-and-child: one mistake, seen twice: a stuck goroutine and a stale child context.
package main

import (
	"context"

	"example.com/goroutine-and-child/feed"
)

func main() {
	n, fixed := options(50, "subscriptions that end")
	ctx, stop := context.WithCancel(context.Background())
	broker := feed.NewBroker(ctx, fixed)

	for i := 0; i < n; i++ {
		broker.Unsubscribe(broker.Subscribe())
	}
	broker.Subscribe()

	hold(true)
	stop()
	broker.Wait()
}
