module example.com/goroutine-and-child

go 1.19
