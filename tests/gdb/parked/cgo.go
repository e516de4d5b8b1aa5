//go:build goctx_cgo

package main

/*
#include <unistd.h>
extern int goctxBack(int);
static int goctx_wait(int fd) { char c; return (int)read(fd, &c, 1); }
static int goctx_call(int n) { return goctxBack(n + 1); }
*/
import "C"

import (
	"fmt"
	"syscall"
)

//go:noinline
func callsC(fd int) int {
	before := fd + 500
	tell("cgo", "main.callsC", map[string]string{"before": fmt.Sprint(before)})
	return before + int(C.goctx_wait(C.int(fd)))
}

//export goctxBack
func goctxBack(n C.int) C.int {
	return C.int(calledBack(int(n)))
}

//go:noinline
func calledBack(n int) int {
	twice := n * 2
	tell("callback", "main.calledBack", map[string]string{"n": fmt.Sprint(n), "twice": fmt.Sprint(twice)})
	return twice + <-never
}

//go:noinline
func throughC(n int) int {
	return int(C.goctx_call(C.int(n)))
}

func inC(await func(string)) {
	var pipe [2]int
	syscall.Pipe(pipe[:])
	go func() { callsC(pipe[0]) }()
	await("syscall")
	go func() { throughC(20) }()
	await("chan receive")
}
