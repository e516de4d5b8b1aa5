// Nested-goroutines: three levels of goroutines, and one branch that misses the broadcast to end.
package main

import (
	"context"

	"example.com/nested-goroutines/pipeline"
)

func main() {
	n, fixed := options(50, "leaves on each of the three branches")
	ctx, stop := context.WithCancel(context.Background())

	go pipeline.Supervise(ctx, n, fixed)
	settle()
	stop()

	hold(true)
}
