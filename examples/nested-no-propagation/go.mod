module example.com/nested-no-propagation

go 1.19
