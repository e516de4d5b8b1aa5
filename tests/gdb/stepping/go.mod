module goctx.test/stepping

go 1.19
