module example.com/select-misses-done

go 1.19
