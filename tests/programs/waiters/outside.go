package main

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"goctx.test/programs/truth"
)

var spinning int32 = 1

func stopSpinning() { atomic.StoreInt32(&spinning, 0) }

// outside starts goroutines that wait for the kernel, or do not wait at all.
func (s *shared) outside() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	s.hold(listener)
	s.start(parked("accept", "IO wait"), func() { _, _ = listener.Accept() })
	reader, writer, err := os.Pipe()
	check(err)
	s.hold(writer)
	s.start(parked("read a pipe through the poller", "IO wait"), func() {
		_, _ = reader.Read(make([]byte, 1))
	})

	s.start(parked("system call", "syscall"), func() { block(s.pipe()) })
	blocking := os.NewFile(uintptr(s.pipe()), "blocking pipe")
	s.start(parked("read of a blocking file", "syscall"), func() {
		_, _ = blocking.Read(make([]byte, 1))
	})
	if truth.Cgo {
		s.start(parked("inside C", "syscall"), func() { truth.BlockInC(s.pipe()) })
	}

	busy := parked("busy", "running", "runnable")
	busy.Fickle = true
	s.start(busy, spin)
}

// pipe returns the reading end of a pipe that nobody writes to.
func (s *shared) pipe() int {
	var ends [2]int
	check(syscall.Pipe(ends[:]))
	return ends[0]
}

//go:noinline
func block(fd int) {
	var buf [1]byte
	_, _ = syscall.Read(fd, buf[:])
}

//go:noinline
func spin() {
	for atomic.LoadInt32(&spinning) == 1 {
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
