module example.com/pool-stale-context

go 1.19
