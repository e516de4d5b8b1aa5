module example.com/pool-of-workers

go 1.19
