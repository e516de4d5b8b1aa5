module goctx.test/switches

go 1.19
