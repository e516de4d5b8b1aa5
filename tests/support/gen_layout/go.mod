module example.com/gen_layout

go 1.21
