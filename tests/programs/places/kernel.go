package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"goctx.test/programs/truth"
)

// sit starts goroutines that wait in read(2), where each keeps its thread.
func (p *place) sit(n int) {
	var pipe [2]int
	if n == 0 {
		return
	}
	must(syscall.Pipe(pipe[:]))
	for i := 0; i < n; i++ {
		go p.read(pipe[0])
	}
	p.r.Await(n)
}

//go:noinline
func (p *place) read(fd int) {
	p.r.Begin(&truth.Expected{Label: "reads", Status: []string{"syscall"}})
	var one [1]byte
	_, _ = syscall.Read(fd, one[:])
}

// mapPages makes so many mappings: every second page may be written.
func (p *place) mapPages(n int) {
	page := os.Getpagesize()
	if n == 0 {
		return
	}
	all, err := syscall.Mmap(-1, 0, n*page, syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	must(err)
	for i := 1; i < n; i += 2 {
		must(syscall.Mprotect(all[i*page:(i+1)*page], syscall.PROT_READ|syscall.PROT_WRITE))
		all[i*page] = 1
	}
	p.hold(all)
}

// useDefault gives SIGABRT back to the kernel, which then dumps at once; Go's
// own handler would first let every thread print its stack.
func useDefault() {
	var action [4]uint64 // struct sigaction of the kernel; all zero: SIG_DFL
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGABRT),
		uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	if errno != 0 {
		panic(errno)
	}
}

//go:noinline
func exitThread() { _, _, _ = syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) }

// awaitLeader waits until the kernel calls the main thread a zombie.
func awaitLeader() {
	name := fmt.Sprintf("/proc/self/task/%d/stat", os.Getpid())
	for {
		stat, err := os.ReadFile(name)
		must(err)
		if bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		runtime.Gosched()
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
