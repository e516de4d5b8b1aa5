module example.com/value-chain

go 1.19
