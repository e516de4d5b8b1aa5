// Program crowds has groups of goroutines and contexts that are all well: it says how many, and by whom they can be ended, one
// line of JSON a group, largest first; then READY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

type group struct {
	Type  string   `json:"type"` // "group"
	Of    string   `json:"of"`
	Count int      `json:"count"`
	Func  string   `json:"func"` // where they stand, or what they are made of
	Ends  string   `json:"ends"`
	Goids []int    `json:"goids"`
	Addrs []string `json:"addrs"`
}

var (
	told  = make(chan int)
	jobs  = make(chan int)
	kept  []context.Context
	stops []context.CancelFunc
	after func()
)

func goid() int {
	var buf [64]byte
	n, _ := strconv.Atoi(strings.Fields(string(buf[:runtime.Stack(buf[:], false)]))[1])
	return n
}

//go:noinline
func worker() {
	told <- goid()
	for range jobs {
	}
}

//go:noinline
func watches(ctx context.Context) {
	told <- goid()
	<-ctx.Done()
}

//go:noinline
func few() {
	told <- goid()
	for range jobs {
	}
}

func start(n int, name, ends string, run func(i int)) group {
	g := group{Type: "group", Of: "goroutines", Count: n, Func: name, Ends: ends}
	for i := 0; i < n; i++ {
		go run(i)
		g.Goids = append(g.Goids, <-told)
	}
	return g
}

// settle returns when all of these goroutines wait for a channel.
func settle(goids []int) {
	for _, id := range goids {
		buf := make([]byte, 1<<20)
		for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), fmt.Sprintf("goroutine %d [chan receive", id)) {
			runtime.Gosched()
		}
	}
}

func main() {
	out := json.NewEncoder(os.Stdout)
	session := context.Background()
	idle := group{Type: "group", Of: "contexts", Count: 40, Func: "Background.WithTimeout", Ends: "a CancelFunc"}
	for i := 0; i < idle.Count; i++ {
		ctx, cancel := context.WithTimeout(session, time.Hour)
		kept, stops = append(kept, ctx), append(stops, cancel)
		idle.Addrs = append(idle.Addrs, fmt.Sprintf("%p", ctx))
	}
	root, stop := context.WithCancel(session)
	after = stop
	groups := []group{
		start(60, "main.worker", "", func(int) { worker() }),
		start(50, "main.watches", "a CancelFunc", func(int) { watches(root) }),
		idle,
	}
	var wg sync.WaitGroup
	for i := 0; i < 19; i++ {
		wg.Add(1)
		go func() { wg.Done(); few() }()
		<-told
	}
	wg.Wait()
	for _, g := range groups {
		settle(g.Goids)
		out.Encode(g)
	}
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	for _, f := range append(stops, after) {
		f()
	}
	jobs <- 1
}
