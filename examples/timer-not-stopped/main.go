// Timer-not-stopped: deadlines far away, tickers and AfterFuncs that nobody stops.
package main

import (
	"context"

	"example.com/timer-not-stopped/lease"
)

func main() {
	n, fixed := options(50, "leases that are given back")
	ctx, stop := context.WithCancel(context.Background())
	office := lease.NewOffice(ctx, fixed)

	office.Grant("kept")
	for i := 0; i < n; i++ {
		office.Return(office.Grant("brief"))
		office.Probe()
	}

	hold(true)
	office.Close()
	stop()
}
