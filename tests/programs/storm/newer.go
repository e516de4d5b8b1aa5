//go:build go1.21

package main

import "context"

// newer has functions run after contexts, half of them taken back.
func newer(root context.Context) {
	go func() {
		for i := 0; ; i++ {
			ctx, cancel := context.WithCancelCause(root)
			stop := context.AfterFunc(ctx, func() {})
			if i%2 == 0 {
				stop()
			}
			cancel(nil)
		}
	}()
}
