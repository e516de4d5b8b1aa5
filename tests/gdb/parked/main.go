// Program parked has goroutines in every state, each with variables whose values
// it tells, and prints how runtime.Stack shows them all.
//
//	parked [N]      with N more that wait; the default is none
//	parked crash    dereferences nil once its input ends, with a goroutine that has never run
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

type point struct {
	x, y int
	name string
}

// local is what a goroutine says of itself: values of variables of the function
// that it stands in.
type local struct {
	Type   string            `json:"type"`
	Goid   int               `json:"goid"`
	Label  string            `json:"label"`
	Func   string            `json:"func"`
	Values map[string]string `json:"values"`
}

var (
	said    = make(chan local)
	never   = make(chan int)
	spinner int64
)

func goid() int {
	var buf [64]byte
	n, _ := strconv.Atoi(strings.Fields(string(buf[:runtime.Stack(buf[:], false)]))[1])
	return n
}

func tell(label, function string, values map[string]string) {
	said <- local{"local", goid(), label, function, values}
}

//go:noinline
func waits(id int, name string) int {
	p := &point{id, id * 2, name}
	total := id + 1000
	tell("waiting", "main.waits", map[string]string{
		"id": fmt.Sprint(id), "total": fmt.Sprint(total), "p.y": fmt.Sprint(p.y)})
	total += <-never
	return total + p.x
}

//go:noinline
func deeper(depth, id int) int {
	if depth == 0 {
		return waits(id, "deep")
	}
	return deeper(depth-1, id) + depth
}

//go:noinline
func selects(left chan int, right chan string) string {
	sum := 4242
	tell("select", "main.selects", map[string]string{"sum": fmt.Sprint(sum)})
	select {
	case n := <-left:
		return fmt.Sprint(n + sum)
	case s := <-right:
		return s
	}
}

//go:noinline
func sleeps(hours int) int {
	seconds := hours * 3600
	tell("sleep", "main.sleeps", map[string]string{"hours": fmt.Sprint(hours), "seconds": fmt.Sprint(seconds)})
	time.Sleep(time.Duration(seconds) * time.Second)
	return seconds
}

//go:noinline
func reads(fd int, tag string) int {
	buf := make([]byte, 1)
	marker := fd + 70000
	tell("syscall", "main.reads", map[string]string{"marker": fmt.Sprint(marker)})
	n, _ := syscall.Read(fd, buf)
	return n + marker + len(tag)
}

//go:noinline
func spins(limit int64) int64 {
	bound := limit * 2
	tell("running", "main.spins", map[string]string{"limit": fmt.Sprint(limit), "bound": fmt.Sprint(bound)})
	for atomic.LoadInt64(&spinner) < bound {
	}
	return bound
}

//go:noinline
func neverRan() {
	select {} // it must not be gone should it run after all, nor let anybody else go on
}

//go:noinline
func fall(p *point, depth int) int {
	if depth == 0 {
		return p.y
	}
	return fall(p, depth-1) + depth
}

func allStacks() string {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return string(buf[:n])
		}
	}
}

// settled waits until all of these goroutines stand where they stay.
func settled(states map[int]string) string {
	for {
		all := allStacks()
		missing := 0
		for id, state := range states {
			if !strings.Contains(all, fmt.Sprintf("goroutine %d [%s", id, state)) {
				missing++
			}
		}
		if missing == 0 {
			return all
		}
		time.Sleep(time.Millisecond)
	}
}

func main() {
	arg := ""
	if len(os.Args) > 1 {
		arg = os.Args[1]
	}
	out := json.NewEncoder(os.Stdout)
	states := map[int]string{}
	await := func(state string) {
		one := <-said
		states[one.Goid] = state
		out.Encode(one)
	}
	var pipe [2]int
	syscall.Pipe(pipe[:])

	// Closures: calls with arguments get wrappers, which only some releases show.
	go func() { waits(7, "seven") }()
	await("chan receive")
	go func() { deeper(4, 11) }()
	await("chan receive")
	go func() { selects(make(chan int), make(chan string)) }()
	await("select")
	go func() { sleeps(5) }()
	await("sleep")
	go func() { reads(pipe[0], "pipe") }()
	await("syscall")
	inC(await)
	count, _ := strconv.Atoi(arg)
	for i := 0; i < count; i++ {
		i := i
		go func() { deeper(6, i) }()
		one := <-said
		states[one.Goid] = "chan receive"
	}
	if count == 0 && arg != "crash" {
		go func() { spins(1 << 40) }()
		await("runn") // running or runnable
	}
	out.Encode(map[string]string{"type": "stacks", "text": settled(states)})
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	if arg == "crash" {
		runtime.GOMAXPROCS(1)
		go neverRan()
		fall(nil, 2)
	}
}
