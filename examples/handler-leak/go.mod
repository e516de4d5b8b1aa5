module example.com/handler-leak

go 1.19
