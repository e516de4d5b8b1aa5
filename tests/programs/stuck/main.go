// Program stuck parks goroutines in every kind of wait, on objects that are
// reached in every way or not at all, and says of each what must become of it:
//
//	stuck cases                 all kinds of waits times all kinds of holders, and contexts
//	stuck random SEED N         N goroutines that hold and wait for each other at random
//	stuck chain N               N goroutines, each holding what the next one waits on
//	stuck ring N                the same, and nobody else holds any
//	stuck busy N                N groups of goroutines that work and never are stuck
//
// It prints lines of JSON, then READY, and waits. The line "profile" on
// standard input makes it print the goroutines that Go's own goroutineleak
// profile finds, where there is one; the end of input ends it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
	"unsafe"
)

// A waiter is a goroutine and the stage (analysis/reach.h) in which it must
// come back: live, channel, own, or stuck.
type waiter struct {
	Type  string `json:"type"` // "waiter"
	Goid  int64  `json:"goid"`
	Name  string `json:"name"`
	Stage string `json:"stage"`
}

// A known context, by what it can be cancelled.
type known struct {
	Type       string `json:"type"` // "known"
	Addr       string `json:"addr"`
	Name       string `json:"name"`
	Cancelable string `json:"cancelable"`
}

const (
	live    = "live"
	channel = "channel"
	ownOnly = "own"
	stuck   = "stuck"
)

var (
	waiters []waiter
	knowns  []known
	begun   = make(chan int64)
	release = make(chan struct{}) // what goroutines wait on that hold something and can run
)

// start parks a goroutine.
func start(name, stage string, wait func()) {
	go func() {
		begun <- goid()
		wait()
	}()
	waiters = append(waiters, waiter{"waiter", <-begun, name, stage})
}

// use counts as a use of something.
//
//go:noinline
func use(x interface{}) {
	if x == nil {
		panic("nothing to use")
	}
}

var goidText = regexp.MustCompile(`^goroutine (\d+)`)

func goid() int64 {
	buf := make([]byte, 64)
	return number(goidText.FindSubmatch(buf[:runtime.Stack(buf, false)])[1])
}

func number(text []byte) int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "stuck:", err)
		os.Exit(3)
	}
}

// dataWord is the address that an interface holds.
func dataWord(x interface{}) string {
	return fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&x))[1])
}

func stacks() []byte {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return buf[:n]
		}
	}
}

var busyText = regexp.MustCompile(`(?m)^goroutine (\d+)[^\[\n]* \[(running|runnable)`)

// settle waits until all are parked, but for the calling one.
func settle() {
	self := goid()
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); runtime.Gosched() {
		busy := false
		for _, one := range busyText.FindAllSubmatch(stacks(), -1) {
			busy = busy || number(one[1]) != self
		}
		if !busy {
			runtime.GC()
			runtime.GC()
			return
		}
	}
	must(fmt.Errorf("the program does not come to rest"))
}

var leakedText = regexp.MustCompile(`(?m)^goroutine (\d+)[^\[\n]* \[[^\]\n]*\(leaked\)`)

// profile prints what the collector's own search says. Status texts are those
// of runtime.Stack, which marks what the search before it found.
func profile(out *bufio.Writer) {
	answer := struct {
		Type  string  `json:"type"`
		Goids []int64 `json:"goids"` // null: this release has no such profile
	}{Type: "profile"}
	if p := pprof.Lookup("goroutineleak"); p != nil {
		answer.Goids = []int64{}
		var text bytes.Buffer
		must(p.WriteTo(&text, 2))
		for _, one := range leakedText.FindAllSubmatch(text.Bytes(), -1) {
			answer.Goids = append(answer.Goids, number(one[1]))
		}
	}
	must(json.NewEncoder(out).Encode(answer))
	must(out.Flush())
}

func arg(i int) int {
	if len(os.Args) <= i {
		return 0
	}
	n, err := strconv.Atoi(os.Args[i])
	must(err)
	return n
}

func main() {
	what := "cases"
	if len(os.Args) > 1 {
		what = os.Args[1]
	}
	switch what {
	case "cases":
		waits()
		special()
		contexts()
		newerContexts()
	case "random":
		random(int64(arg(2)), arg(3))
	case "chain", "ring":
		chain(arg(2), what == "ring")
	case "busy":
		busy(arg(2))
	}
	if what != "busy" {
		settle()
	}
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	must(lines.Encode(map[string]interface{}{"type": "header", "go": runtime.Version(), "program": "stuck", "pid": os.Getpid()}))
	for i := range waiters {
		must(lines.Encode(&waiters[i]))
	}
	for i := range knowns {
		must(lines.Encode(&knowns[i]))
	}
	fmt.Fprintln(out, "READY")
	must(out.Flush())
	serve(out)
}

//go:noinline
func serve(out *bufio.Writer) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if in.Text() == "profile" {
			profile(out)
		}
	}
}
