module example.com/global-map-of-contexts

go 1.19
