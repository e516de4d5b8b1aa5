// Healthy-server: a busy HTTP server with its own clients, in which nothing leaks.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"example.com/healthy-server/api"
	"example.com/healthy-server/load"
)

// warmUp is how many answers are in before the program says READY.
const warmUp = 500

func main() {
	n, _ := options(50, "clients (-fixed changes nothing here)")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	server := api.NewServer(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Run(listener) }()

	clients := load.Start(ctx, "http://"+listener.Addr().String(), n, warmUp)
	if err := clients.WarmedUp(); err != nil {
		fail(err)
	}

	hold(false)
	if err := clients.Stop(); err != nil {
		fail(err)
	}
	if err := server.Shutdown(); err != nil {
		fail(err)
	}
	if err := <-served; err != nil {
		fail(err)
	}
}

// fail ends the program with a message.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "healthy-server:", err)
	os.Exit(1)
}
