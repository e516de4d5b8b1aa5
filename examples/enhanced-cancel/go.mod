module example.com/enhanced-cancel

go 1.19
