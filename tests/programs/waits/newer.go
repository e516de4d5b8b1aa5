//go:build go1.23

package main

import "iter"

func init() {
	more = append(more, func() {
		wait("coroutine", "always", func() {
			next, _ := iter.Pull(func(yield func(int) bool) {
				yield(1)
				select {}
			})
			next()
			next()
		})
	})
}
