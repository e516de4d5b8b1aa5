module example.com/timer-not-stopped

go 1.19
