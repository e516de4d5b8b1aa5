// Nested-no-propagation: a context type of one's own keeps cancellation from passing down.
package main

import (
	"context"

	"example.com/nested-no-propagation/indexer"
)

func main() {
	n, fixed := options(100, "workers of the service that is stopped")
	ctx, stop := context.WithCancel(context.Background())

	running := indexer.Start(ctx, "running", 3, true)
	stopped := indexer.Start(ctx, "stopped", n, fixed)
	settle()
	stopped.Stop()

	hold(true)
	stop()
	running.Wait()
}
