//go:build go1.21

package main

import (
	"context"
	"sync"
	"time"
)

func init() {
	ways = append(ways, []way{
		{name: "context.AfterFunc", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, stop := context.WithCancel(context.Background())
			context.AfterFunc(ctx, cancel)
			k.halt()
			stop()
		}},
		{name: "context.AfterFunc of a context that nobody can cancel", only: "lost", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, _ := context.WithCancel(context.Background())
			context.AfterFunc(ctx, cancel)
		}},
		{name: "context.AfterFunc that was stopped", parked: 1, only: "lost", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, end := context.WithCancel(context.Background())
			stop := context.AfterFunc(ctx, func() { cancel() })
			stop()
			keep = append(keep, end)
			k.halt()
			use(stop)
		}},
		{name: "context.AfterFunc of a deadline", only: "alive", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx, _ := context.WithTimeout(context.Background(), 10*time.Hour)
			context.AfterFunc(context.WithValue(ctx, cancelKey{}, 1), cancel)
		}},
		{name: "context.WithoutCancel", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			ctx := context.WithoutCancel(context.WithValue(context.Background(), cancelKey{}, cancel))
			k.halt()
			use(ctx.Value(cancelKey{}))
		}},
		{name: "sync.OnceFunc", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			f := sync.OnceFunc(cancel)
			k.halt()
			f()
		}},
		{name: "sync.OnceValue", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			f := sync.OnceValue(func() *job { return &job{"", cancel} })
			f()
			k.halt()
			f().stop()
		}},
	}...)
}
