// Closure-capture: callbacks that are never taken back keep what they captured.
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/closure-capture/upload"
)

func main() {
	n, fixed := options(50, "uploads that are over")
	ctx, stop := context.WithCancel(context.Background())

	for i := 0; i < n; i++ {
		if err := upload.File(ctx, fmt.Sprintf("file-%03d", i), fixed); err != nil {
			fmt.Fprintln(os.Stderr, "closure-capture:", err)
			os.Exit(1)
		}
	}

	hold(true)
	upload.Shutdown()
	stop()
}
