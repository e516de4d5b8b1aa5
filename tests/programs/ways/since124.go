//go:build go1.24

package main

import (
	"context"
	"runtime"
	"weak"
)

func init() {
	ways = append(ways, []way{
		{name: "weak pointer", hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			j := into(job{"", cancel})
			keep = append(keep, weak.Make(j))
			k.share(j)
		}},
		{name: "weak pointer and a holder", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			j := into(job{"", cancel})
			keep = append(keep, weak.Make(j))
			k.halt()
			j.stop()
		}},
		{name: "runtime.AddCleanup", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			o := into(owner{})
			runtime.AddCleanup(o, func(f context.CancelFunc) { f() }, cancel)
			k.halt()
			use(o)
		}},
		{name: "object with a cleanup", parked: 1, hold: func(k *keeper, _ context.Context, cancel context.CancelFunc) {
			o := into(owner{job: job{"", cancel}})
			runtime.AddCleanup(o, func(int) {}, 1)
			k.halt()
			o.stop()
		}},
	}...)
}

func init() {
	garbage = append(garbage, way{name: "cleanup of garbage", hold: func(_ *keeper, _ context.Context, cancel context.CancelFunc) {
		runtime.AddCleanup(into(owner{}), func(f context.CancelFunc) { f() }, cancel)
	}})
}
