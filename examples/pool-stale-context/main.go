// Pool-stale-context: objects go back into a sync.Pool with the context of the request that used them.
package main

import (
	"context"
	"runtime"

	"example.com/pool-stale-context/codec"
)

func main() {
	n, fixed := options(100, "requests that are served at once")
	ctx, stop := context.WithCancel(context.Background())
	server := codec.NewServer(ctx, fixed)

	// Two collections would empty the pool, so the requests come behind those of hold; one does not.
	late = func() {
		server.Burst(n)
		runtime.GC()
	}
	hold(true)
	stop()
}
