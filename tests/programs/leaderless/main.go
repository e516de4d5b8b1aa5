// Program leaderless runs on after its main thread has ended: the thread whose
// number is the process's is a zombie, and /proc/PID shows no memory. As a C
// program does whose main() ends by pthread_exit().
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"goctx.test/programs/truth"
)

func main() {
	r := truth.NewRecorder() // it has locked this goroutine to the main thread
	server, cancel := context.WithCancel(context.Background())
	r.Keep("server", server, context.Background())
	for i := 0; i < 20; i++ {
		ctx, cancel := context.WithCancel(context.WithValue(server, "number", i))
		r.Keep("", ctx, nil)
		go wait(r, ctx, cancel)
		r.Await(1)
	}
	go func() {
		awaitEnd()
		r.Finish()
		runtime.KeepAlive(cancel)
		os.Exit(0)
	}()
	_, _, _ = syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0)
}

//go:noinline
func wait(r *truth.Recorder, ctx context.Context, cancel context.CancelFunc) {
	expect := truth.On("waits", "chan receive", ctx)
	r.Begin(&expect)
	<-ctx.Done()
	cancel()
}

// awaitEnd waits until the kernel calls the main thread a zombie.
func awaitEnd() {
	name := fmt.Sprintf("/proc/self/task/%d/stat", os.Getpid())
	for {
		stat, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		if bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		runtime.Gosched()
	}
}
