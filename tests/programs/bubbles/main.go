//go:build go1.25

// Program bubbles has contexts in two bubbles of testing/synctest, whose clocks
// differ, in one that is over, and outside of them. Each says how long it has left by
// the clock that it lives by, each goroutine how Go's own traceback heads it.
//
// Run with GODEBUG=asynctimerchan=0: the module is of an older language.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// deadline is what a context says of its end.
type deadline struct {
	Type   string `json:"type"`
	Addr   string `json:"addr"`
	Label  string `json:"label"`
	At     string `json:"at"`
	LeftNS *int64 `json:"left_ns"` // by the clock of its bubble, null outside
	Bubble string `json:"bubble"`  // "1", empty: none
}

// head is the first line of a goroutine in a traceback.
type head struct {
	Type   string `json:"type"`
	Goid   int64  `json:"goid"`
	State  string `json:"state"`
	Bubble string `json:"bubble"`
}

var (
	lock  sync.Mutex
	held  []any
	ready sync.WaitGroup
)

func print(record any) {
	line, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	lock.Lock()
	defer lock.Unlock()
	fmt.Println(string(line))
}

// own is the number of the bubble that the caller is in.
func own() string {
	text := make([]byte, 4096)
	text = text[:runtime.Stack(text, false)]
	if m := regexp.MustCompile(`synctest bubble (\d+)`).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

func tell(label string, ctx context.Context) {
	at, _ := ctx.Deadline()
	d := deadline{"deadline", fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1]), label, at.UTC().Format(time.RFC3339Nano), nil, own()}
	if d.Bubble != "" {
		left := int64(time.Until(at))
		d.LeftNS = &left
	}
	lock.Lock()
	held = append(held, ctx)
	lock.Unlock()
	print(d)
}

// inside fills a bubble and stays in it, its clock standing at 2000-01-01 plus passed.
func inside(t *testing.T, passed time.Duration, in io.Reader) {
	base, stop := context.WithCancel(context.Background())
	defer stop()
	long, cancel := context.WithTimeout(base, passed+time.Hour)
	defer cancel()
	short, cancel := context.WithTimeout(long, passed-time.Second)
	defer cancel()
	lone, cancel := context.WithDeadline(context.Background(), time.Now().Add(30*24*time.Hour))
	defer cancel()
	asked, cancel := context.WithTimeout(context.Background(), passed-time.Minute)
	defer cancel()
	asked.Done()
	mu, never := &sync.Mutex{}, make(chan int)
	cond := sync.NewCond(mu)
	var group sync.WaitGroup
	group.Add(1)
	go func() { <-long.Done() }()
	go func() {
		select {
		case <-long.Done():
		case never <- 1:
		}
	}()
	go func() { time.Sleep(passed + 2*time.Hour) }()
	go func() { mu.Lock(); cond.Wait() }()
	go func() { group.Wait() }()
	go func() { var none chan int; <-none }()
	go func() { select {} }()
	time.Sleep(passed)
	tell("long", long)
	tell("short", short)
	tell("lone", lone)
	tell("asked", asked)
	value := context.WithValue(long, new(int), "v")
	later, cancel := context.WithTimeout(value, 10*time.Minute)
	defer cancel()
	tell("later", later)
	held = append(held, value)
	synctest.Wait()
	go func() { // no durable wait either
		var twice sync.Mutex
		twice.Lock()
		twice.Lock()
	}()
	ready.Done()
	in.Read(make([]byte, 1)) // no durable wait: the clock stands
}

// over is a bubble that ends; what it made stays.
func over(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	held = append(held, ctx, cancel)
	time.Sleep(2 * time.Second)
	fmt.Printf("{\"type\":\"over\",\"addr\":\"0x%x\"}\n", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])
}

// heads waits until all goroutines of bubbles are parked, and tells the first lines of their traces.
func heads() {
	var text []byte
	for moving := true; moving; runtime.Gosched() {
		text = make([]byte, 1<<20)
		text = text[:runtime.Stack(text, true)]
		moving = regexp.MustCompile(`\[run[^]]*synctest`).Match(text)
	}
	line := regexp.MustCompile(`(?m)^goroutine (\d+) \[([^],]*)(?:, \d+ minutes)?(?:, locked to thread)?(?:, synctest bubble (\d+))?\]:$`)
	for _, m := range line.FindAllSubmatch(text, -1) {
		goid, _ := strconv.ParseInt(string(m[1]), 10, 64)
		print(head{"head", goid, string(m[2]), string(m[3])})
	}
}

func main() {
	outside, cancel := context.WithTimeout(context.Background(), 24*time.Hour)
	defer cancel()
	tell("outside", outside)
	wall, cancel := context.WithDeadline(context.Background(), time.Now().Round(0).Add(90*24*time.Hour))
	defer cancel()
	tell("outside without a monotonic reading", wall)
	ready.Add(2)
	in, _, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	go func() {
		ready.Wait()
		heads()
		fmt.Println("READY")
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	os.Args = []string{os.Args[0], "-test.parallel=4"}
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{
		{Name: "Over", F: func(t *testing.T) { synctest.Test(t, over) }},
		{Name: "One", F: func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { inside(t, 90*time.Minute, in) })
		}},
		{Name: "Two", F: func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { inside(t, 72*time.Hour, in) })
		}},
	}, nil, nil)
}
