// List-element: a cache takes sessions off its list, and keeps the elements they were on.
package main

import (
	"context"
	"fmt"

	"example.com/list-element/session"
)

// cache has the sessions of all users.
var cache *session.Cache

func main() {
	n, fixed := options(80, "sessions that are pushed out of the cache")
	ctx, stop := context.WithCancel(context.Background())
	cache = session.NewCache(fixed)

	for i := 0; i < n+session.Room; i++ {
		cache.Open(ctx, fmt.Sprintf("user-%03d", i))
	}

	hold(true)
	fmt.Println(cache.Len(), "sessions in the cache")
	stop()
}
