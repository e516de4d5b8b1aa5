// Value-chain: every message and every middleware adds one more WithValue.
package main

import (
	"context"
	"fmt"

	"example.com/value-chain/chat"
	"example.com/value-chain/middleware"
)

// messagesPerUnit is how many messages the session gets for each unit of -n.
const messagesPerUnit = 10

func main() {
	n, fixed := options(200, "tens of messages in the chat session")
	ctx, stop := context.WithCancel(context.Background())

	session := chat.Open(ctx, "ada", fixed)
	for i := 0; i < n*messagesPerUnit; i++ {
		session.Deliver(fmt.Sprintf("message %d", i))
	}

	backend := middleware.NewBackend(fixed)
	for i := 0; i < 5; i++ {
		backend.Go(ctx, middleware.Request{ID: fmt.Sprintf("7f3a-%d", i), User: "ada", Path: "/feed"})
	}

	hold(true)
	stop()
	session.Wait()
	backend.Wait()
}
