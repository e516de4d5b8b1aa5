module example.com/nested-goroutines

go 1.19
