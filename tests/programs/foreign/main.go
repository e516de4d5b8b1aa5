// Program foreign has a thread that C code made: with "callback" it has called
// into Go once; at the end of input, with "ABRT", "QUIT" or "SEGV", it gets that
// signal and dies of it, and with it the program. A thread of C's borrows an m
// and its goroutine of the runtime for as long as it is in Go's signal handler;
// from Go 1.21 on one that has called into Go keeps both (runtime/proc.go: needm).
//
// It prints how many goroutines the runtime counts, then READY.
package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

extern void goctxCallback(void);

static pthread_t other;

static void *body(void *call)
{
	if (call)
		goctxCallback();
	for (;;)
		pause();
	return NULL;
}

static void start(int call) { pthread_create(&other, NULL, body, call ? &other : NULL); }
static void hit(int sig) { pthread_kill(other, sig); }
*/
import "C"

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

var called = make(chan bool, 1)

//export goctxCallback
func goctxCallback() { called <- true }

var signals = map[string]syscall.Signal{"ABRT": syscall.SIGABRT, "QUIT": syscall.SIGQUIT, "SEGV": syscall.SIGSEGV}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	waiting := make(chan bool)
	go func() { waiting <- true; <-ctx.Done() }()
	<-waiting
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	if how := os.Args[1]; how == "callback" {
		C.start(1)
		<-called
	} else {
		C.start(0)
	}
	C.hit(C.int(syscall.SIGUSR1)) // one that is handled, and is over
	<-got
	runtime.GC()
	fmt.Printf(`{"type":"count","goroutines":%d}`+"\n", runtime.NumGoroutine())
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	if fatal, ok := signals[os.Args[len(os.Args)-1]]; ok {
		C.hit(C.int(fatal))
		select {}
	}
	cancel()
}
