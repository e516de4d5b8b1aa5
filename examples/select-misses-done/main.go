// Select-misses-done: goroutines carry a context, but their select does not listen to it.
package main

import (
	"context"

	"example.com/select-misses-done/mail"
)

func main() {
	n, fixed := options(50, "mailboxes that are closed")
	ctx, stop := context.WithCancel(context.Background())
	post := mail.NewPost(fixed)

	closing, closeBoxes := context.WithCancel(ctx)
	for i := 0; i < n; i++ {
		post.Open(closing)
	}
	post.Open(ctx)
	settle()
	closeBoxes()

	hold(true)
	stop()
	post.Close()
}
