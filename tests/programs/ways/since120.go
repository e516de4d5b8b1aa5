//go:build go1.20

package main

import "context"

func init() {
	ways = append(ways, way{name: "made by WithCancelCause", parked: 1, made: func(parent context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(parent)
		return ctx, func() { cancel(nil) }
	}, hold: (*keeper).held}, way{name: "CancelCauseFunc", parked: 1, hold: func(k *keeper, ctx context.Context, cancel context.CancelFunc) {
		inner, stop := context.WithCancelCause(context.WithValue(context.Background(), cancelKey{}, cancel))
		f := func() { stop(context.Cause(inner)) }
		k.halt()
		f()
	}})
}
