module example.com/background-in-handler

go 1.19
