// Loop-with-cancel: a reconcile loop makes a context each turn and never cancels one.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"example.com/loop-with-cancel/reconcile"
)

func main() {
	deferred := flag.Bool("deferred", false, "a variant of the bug: defer cancel() inside the loop")
	n, fixed := options(200, "turns of the loop")

	ctx, stop := context.WithCancel(context.Background())
	manner := reconcile.Forget
	switch {
	case fixed:
		manner = reconcile.CancelEachTurn
	case *deferred:
		manner = reconcile.DeferInLoop
	}
	c := reconcile.Start(ctx, manner)
	for i := 0; i < n; i++ {
		if err := c.Reconcile(fmt.Sprintf("default/web-%d", i)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}

	hold(true)
	stop()
	c.Wait()
}
