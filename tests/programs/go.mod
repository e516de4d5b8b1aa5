module goctx.test/programs

go 1.19
