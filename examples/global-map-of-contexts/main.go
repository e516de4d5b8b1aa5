// Global-map-of-contexts: a package variable keeps the contexts of sessions that are over.
package main

import (
	"context"
	"fmt"

	"example.com/global-map-of-contexts/login"
)

func main() {
	n, fixed := options(100, "users who log out")
	ctx, stop := context.WithCancel(context.Background())

	for i := 0; i < n; i++ {
		user := fmt.Sprintf("user-%03d", i)
		login.In(ctx, user)
		login.Out(user, fixed)
	}
	login.In(ctx, "operator")

	hold(true)
	login.Out("operator", true)
	stop()
}
