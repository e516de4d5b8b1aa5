module go.example.com/app

go 1.19

require (
	go.example.com/queue v0.0.0
	gopkg.in/tomb.v2 v2.0.0
)

replace (
	go.example.com/queue => ./queue
	gopkg.in/tomb.v2 => ./tomb
)
