module goctx.test/frames

go 1.19
