// Program switches has a goroutine that leaves its stack again and again, and one that only a signal takes it from.
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
)

var never int64

type local struct {
	Type  string `json:"type"`
	Goid  int    `json:"goid"`
	Label string `json:"label"`
}

func tell(label string) {
	var buf [64]byte
	id, _ := strconv.Atoi(strings.Fields(string(buf[:runtime.Stack(buf[:], false)]))[1])
	json.NewEncoder(os.Stdout).Encode(local{"local", id, label})
}

//go:noinline
func grows(depth int) int {
	var room [256]byte
	for i := range room {
		room[i] = byte(depth)
	}
	if depth == 0 {
		return int(room[depth])
	}
	return grows(depth-1) + int(room[depth])
}

//go:noinline
func fresh(done chan int) {
	done <- grows(20)
}

//go:noinline
func leaves(done chan int) {
	var buf [4096]byte
	for atomic.LoadInt64(&never) == 0 {
		runtime.Gosched()            // mcall, gogo
		runtime.Stack(buf[:], false) // systemstack
		go func() { fresh(done) }()  // its stack grows: morestack
		<-done
		throughC()
	}
}

//go:noinline
func spins() {
	for atomic.LoadInt64(&never) == 0 {
	}
}

func main() {
	runtime.GOMAXPROCS(4)
	said := make(chan int)
	go func() { tell("leaves"); said <- 0; leaves(make(chan int)) }()
	<-said
	go func() { tell("spins"); said <- 0; spins() }()
	<-said
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
}
