// Program app is made of packages whose import paths look like others: goroutines of theirs wait inside of the standard library.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"go.example.com/queue"
	"gopkg.in/tomb.v2"
)

// parked counts the goroutines that the runtime says are in that state.
func parked(state string) int {
	all := make([]byte, 1<<20)
	return strings.Count(string(all[:runtime.Stack(all, true)]), " ["+state)
}

func main() {
	for i := 0; i < 12; i++ {
		queue.Start()
	}
	new(tomb.Tomb).Go()
	for parked("select") < 12 || parked("chan receive") < 1 {
		runtime.Gosched()
	}
	fmt.Println("READY")
	os.Stdin.Read(make([]byte, 1))
}
