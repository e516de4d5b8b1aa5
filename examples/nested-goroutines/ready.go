package main

// The same in every example: options, coming to rest, and standing still to be looked at.

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// options reads the command line. scale is the default of -n, what says what it counts.
func options(scale int, what string) (n int, fixed bool) {
	flag.IntVar(&n, "n", scale, "number of "+what)
	flag.BoolVar(&fixed, "fixed", false, "run the healthy twin")
	flag.Parse()
	if flag.NArg() > 0 || n < 1 {
		fmt.Fprintln(os.Stderr, "no arguments are taken, and -n must be 1 or more")
		flag.Usage()
		os.Exit(2)
	}
	return n, fixed
}

// settle returns when every goroutine but the caller's is parked, judged by the runtime's own
// list of goroutines. It needs no clock, so the example stands the same on any machine.
func settle() {
	const maxRounds = 5000
	for round := 0; round < maxRounds; round++ {
		runtime.Gosched()
		if awake(goroutines()) <= 1 {
			return
		}
	}
	fmt.Fprintln(os.Stderr, "warning: some goroutines did not come to rest")
}

// goroutines is the text that a panic would print: all goroutines with their states.
func goroutines() []byte {
	const limit = 1 << 30
	buf := make([]byte, 1<<16)
	for {
		if n := runtime.Stack(buf, true); n < len(buf) || len(buf) >= limit {
			return buf[:n]
		}
		buf = make([]byte, 2*len(buf))
	}
}

// awake counts the goroutines in dump that run or could run now.
func awake(dump []byte) int {
	count := 0
	for _, line := range bytes.Split(dump, []byte("\n")) {
		if !bytes.HasPrefix(line, []byte("goroutine ")) {
			continue
		}
		for _, state := range []string{"[running", "[runnable", "[preempted", "[copystack"} {
			if bytes.Contains(line, []byte(state)) {
				count++
			}
		}
	}
	return count
}

// hold says READY and returns when stdin is closed or SIGTERM or SIGINT comes. Two collections
// come first: they stamp how long each goroutine has been waiting, and free what was dropped.
// A busy program passes false: it never comes to rest.
func hold(rest bool) {
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGTERM, os.Interrupt)
	eof := make(chan struct{})
	go readToEnd(os.Stdin, eof)

	if rest {
		settle()
	}
	collect()
	late()
	fmt.Printf("READY pid=%d\n", os.Getpid())

	select {
	case <-eof:
	case <-over:
	}
}

// readToEnd closes eof when nothing more can be read from f.
func readToEnd(f *os.File, eof chan<- struct{}) {
	var scrap [512]byte
	for {
		if _, err := f.Read(scrap[:]); err != nil {
			close(eof)
			return
		}
	}
}

// collect frees even what a sync.Pool keeps over one collection.
func collect() {
	runtime.GC()
	runtime.GC()
}

// late is the last thing an example does before it is READY, behind the collections.
var late = func() {}
