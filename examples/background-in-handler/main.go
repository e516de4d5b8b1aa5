// Background-in-handler: a handler calls on with context.Background and cuts the chain.
package main

import (
	"context"

	"example.com/background-in-handler/orders"
)

func main() {
	n, fixed := options(50, "requests whose client hangs up")
	ctx, stop := context.WithCancel(context.Background())
	server := orders.NewServer(ctx, fixed)

	for id := 0; id < n; id++ {
		server.Accept(id)
	}
	settle()
	for id := 0; id < n; id++ {
		server.HangUp(id)
	}

	hold(true)
	server.Close()
	stop()
}
