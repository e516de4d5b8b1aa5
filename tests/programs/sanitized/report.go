package main

import (
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

// report ends with the program's input; it says READY when a goroutine is in the course of a report, of which the end does not
// fit into the pipe.
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
	watch(uintptr(pipe[0]))
}

// watch does nothing that the race detector would hear of: whoever records an event may have to wait for the end of the report.
//
//go:norace
func watch(pipe uintptr) {
	for waiting := int32(0); waiting == 0; {
		runtime.Gosched()
		syscall.RawSyscall(syscall.SYS_IOCTL, pipe, readable, uintptr(unsafe.Pointer(&waiting)))
	}
	ready := [...]byte{'R', 'E', 'A', 'D', 'Y', '\n'}
	syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&ready)), unsafe.Sizeof(ready))
	syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&ready)), unsafe.Sizeof(ready))
	pid, _, _ := syscall.RawSyscall(syscall.SYS_GETPID, 0, 0, 0)
	syscall.RawSyscall(syscall.SYS_KILL, pid, uintptr(syscall.SIGKILL), 0)
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
