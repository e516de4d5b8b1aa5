module example.com/loop-with-cancel

go 1.19
