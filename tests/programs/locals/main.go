// Program locals keeps objects in variables of functions that wait, each in one of
// its own.  For each it prints where: a line
//
//	{"type":"local","label":…,"addr":…,"goid":…,"func":…,"var":…,"expr":…,"via":[…]}
//
// addr is the object, func the function whose frame it is, var the variable, expr
// what GDB, in Go's syntax, finds the object by in that frame ("" where it cannot), and
// via what the steps to it are called; the first one without " of " and the function.
// A step of "*" may have any name.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"unsafe"
)

// Item is what is kept: large enough for a slot of its own, and with pointers.
type Item struct {
	name string
	next *Item
	pad  [4]int
}

type record struct {
	Type  string   `json:"type"`
	Label string   `json:"label"`
	Addr  string   `json:"addr"`
	Goid  int      `json:"goid"`
	Func  string   `json:"func"`
	Var   string   `json:"var"`
	Expr  string   `json:"expr"`
	Via   []string `json:"via"`
}

var (
	said  = make(chan record)
	never = make(chan int)
)

func goid() int {
	var buf [64]byte
	n, _ := strconv.Atoi(strings.Fields(string(buf[:runtime.Stack(buf[:], false)]))[1])
	return n
}

//go:noinline
func newItem(name string) *Item { return &Item{name: name} }

// at is an address as a number, which keeps nothing.
//
//go:noinline
func at(p unsafe.Pointer) uintptr { return uintptr(p) }

// tell says where an object is kept.
//
//go:noinline
func tell(label string, addr uintptr, function, variable, expr string, via ...string) {
	said <- record{"local", label, fmt.Sprintf("0x%x", addr), goid(), function, variable, expr, via}
}

//go:noinline
func use(p interface{}) { fmt.Fprintln(io.Discard, p) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// scrub overwrites what calls have left on the stack.
//
//go:noinline
func scrub(depth int) int {
	var words [512]int
	for i := range words {
		words[i] = depth
	}
	if depth > 0 {
		return scrub(depth-1) + words[depth%512]
	}
	return words[7]
}

// settle waits until all who have told are parked: they receive, two in moved.
func settle() {
	buf := make([]byte, 1<<20)
	for {
		all := string(buf[:runtime.Stack(buf, true)])
		if strings.Count(all, " [chan receive") == len(waiters)+1 {
			return
		}
		runtime.Gosched()
	}
}

func main() {
	debug.SetGCPercent(-1)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	check(out.Encode(map[string]interface{}{
		"type": "header", "go": runtime.Version(), "program": "locals", "pid": os.Getpid()}))
	for _, f := range waiters {
		go f()
		check(out.Encode(<-said))
	}
	settle()
	scrub(20)
	fmt.Println("READY")
	_, err := io.Copy(io.Discard, os.Stdin)
	check(err)
}
