module example.com/gin-style-context

go 1.19
