package main

import (
	"net"
	"os"
)

// polled waits for a pipe and for a connection, as the network poller does.
func polled() {
	r, w, err := os.Pipe()
	must(err)
	globals = append(globals, w)
	c := make(chan int)
	start("held by one that reads a pipe", live, func() { <-c })
	start("pipe", live, func() {
		var buf [1]byte
		r.Read(buf[:])
		use(c)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	start("accept", live, func() { l.Accept() })
}
