module goctx.test/graph

go 1.19
