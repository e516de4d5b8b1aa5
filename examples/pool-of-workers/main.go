// Pool-of-workers: a group of workers waits for jobs on a channel that nobody closes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"example.com/pool-of-workers/resize"
)

func main() {
	n, fixed := options(25, "albums with a broken picture")
	ctx, stop := context.WithCancel(context.Background())
	resizer := resize.New(fixed)

	if err := resizer.Album(ctx, []string{"beach.jpg", "tower.jpg", "cat.jpg"}); err != nil {
		fmt.Fprintln(os.Stderr, "pool-of-workers:", err)
		os.Exit(1)
	}
	for i := 0; i < n; i++ {
		if err := resizer.Album(ctx, []string{"beach.jpg", "tower.xcf"}); !errors.Is(err, resize.ErrFormat) {
			fmt.Fprintln(os.Stderr, "pool-of-workers: a broken picture was taken:", err)
			os.Exit(1)
		}
	}

	hold(true)
	stop()
}
