module goctx.test/parked

go 1.19
