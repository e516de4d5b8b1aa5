module example.com/list-element

go 1.19
