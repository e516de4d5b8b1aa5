module goctx.test/bench

go 1.19
