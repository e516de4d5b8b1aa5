module example.com/healthy-server

go 1.19
