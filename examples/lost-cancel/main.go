// Lost-cancel: a hub refuses clients and forgets to end their contexts.
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/lost-cancel/stream"
)

func main() {
	n, fixed := options(100, "clients that are refused")
	hub := stream.NewHub(context.Background(), fixed)

	for i := 0; i < 3; i++ {
		if err := hub.Serve(fmt.Sprintf("display-%d", i), "sesame"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for i := 0; i < n; i++ {
		if err := hub.Serve(fmt.Sprintf("guest-%d", i), ""); err != stream.ErrRefused {
			fmt.Fprintln(os.Stderr, "a guest was let in:", err)
			os.Exit(1)
		}
	}

	hold(true)
	hub.Close()
}
