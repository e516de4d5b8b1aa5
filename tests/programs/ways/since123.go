//go:build go1.23

package main

import (
	"context"
	"iter"
)

func init() {
	ways = append(ways, []way{
		{name: "iterator's closure", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			var all iter.Seq[context.CancelFunc] = func(yield func(context.CancelFunc) bool) { yield(cancel) }
			for f := range all {
				k.halt()
				f()
			}
		}},
		{name: "coroutine", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			next, stop := iter.Pull(func(yield func(int) bool) {
				defer cancel()
				yield(1)
			})
			next()
			k.halt()
			stop()
		}},
		{name: "coroutine that is stuck", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			next, stop := iter.Pull(func(yield func(int) bool) {
				defer cancel()
				k.halt()
			})
			next()
			stop()
		}},
		{name: "caller of a coroutine that is stuck", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			next, _ := iter.Pull(func(yield func(int) bool) { k.halt() })
			next()
			cancel()
		}},
		{name: "coroutine that has not begun", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			next, _ := iter.Pull(func(yield func(int) bool) { cancel() })
			k.halt()
			next()
		}},
		{name: "coroutine that was dropped", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			next, _ := iter.Pull(func(yield func(int) bool) {
				defer cancel()
				yield(1)
			})
			next()
		}},
		{name: "coroutine of a coroutine", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			outer, _ := iter.Pull(func(yield func(int) bool) {
				inner, stop := iter.Pull(func(yield func(context.CancelFunc) bool) {
					for yield(cancel) {
					}
				})
				defer stop()
				inner()
				yield(1)
			})
			outer()
			k.halt()
			outer()
		}},
		{name: "coroutine that holds nothing", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			next, stop := iter.Pull(func(yield func(func()) bool) {
				for yield(cancel) {
				}
			})
			f, _ := next()
			stop()
			k.halt()
			f()
		}},
	}...)
}
