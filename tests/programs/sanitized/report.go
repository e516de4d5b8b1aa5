package main

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	setPipeSize = 1031   // F_SETPIPE_SZ
	readable    = 0x541b // FIONREAD
	depth       = 100    // calls: the report does not fit into the pipe
)

//go:noinline
func race(shared *int) { *shared++ }

//go:noinline
func down(shared *int, n int) int {
	if n == 0 {
		race(shared)
		return 0
	}
	return down(shared, n-1) + 1
}

//go:noinline
func reporting(shared *int) int { return down(shared, depth) + 1 }

//go:noinline
func reports(shared *int) int { return reporting(shared) + 1 }

// report returns when a goroutine is in the course of a report, of which the end does not fit into the pipe.
func report() {
	var pipe [2]int
	must(syscall.Pipe(pipe[:]))
	fcntl(pipe[1], setPipeSize, 4096)
	must(syscall.Dup3(pipe[1], 2, 0))
	shared := new(int)
	go down(shared, depth)
	for runtime.NumGoroutine() > 1 { // waiting for its end in another way would put it before what follows
		runtime.Gosched()
	}
	go reports(shared)
	for waiting := 0; waiting == 0; {
		runtime.Gosched()
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(pipe[0]), readable, uintptr(unsafe.Pointer(&waiting))); errno != 0 {
			panic(errno)
		}
	}
}

func fcntl(fd, what, arg int) {
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(what), uintptr(arg)); errno != 0 {
		panic(errno)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// end without a last word of the sanitizer's, which would wait for the report.
func end() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }
