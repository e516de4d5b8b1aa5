module example.com/finalizer-root

go 1.19
