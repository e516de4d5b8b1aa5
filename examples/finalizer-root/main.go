// Finalizer-root: an object with a finalizer that is part of a cycle is never freed.
package main

import (
	"context"
	"fmt"

	"example.com/finalizer-root/device"
)

func main() {
	n, fixed := options(60, "devices that are closed")
	ctx, stop := context.WithCancel(context.Background())

	for i := 0; i < n; i++ {
		d := device.Open(ctx, fmt.Sprintf("sensor-%02d", i), fixed)
		d.Measure()
		d.Close()
	}

	hold(true)
	stop()
}
