// Program why keeps objects alive in every way that a path can show.  For each it
// prints the address, the kind of root that the shortest path begins at, and
// what each step of that path is called: a line
//
//	{"type":"why","label":…,"addr":…,"root":…,"via":[…],"of":…}
//
// "of" is the type of the last pointer, "" where it need not be known.  A step of
// "*" may have any name.  Names that depend on the release are in newer.go,
// middle.go and older.go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
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
	Root  string   `json:"root"`
	Via   []string `json:"via"`
	Of    string   `json:"of"`
}

// ledger is what will be printed; it knows objects by numbers only.
var ledger []record

// note says where an object is kept.
func note(label string, addr uintptr, root, of string, via ...string) {
	ledger = append(ledger, record{"why", label, fmt.Sprintf("0x%x", addr), root, via, of})
}

//go:noinline
func newItem(name string) *Item { return &Item{name: name} }

// at is the address of an item as a number, which keeps nothing.
//
//go:noinline
func at(item *Item) uintptr { return uintptr(unsafe.Pointer(item)) }

// keep makes an item, hands it to store, and notes how it is kept.
//
//go:noinline
func keep(label, root string, store func(*Item), via ...string) {
	item := newItem(label)
	note(label, at(item), root, ofItem(root, via), via...)
	store(item)
}

// ofItem is the type to expect: one that is known from a variable on, but not
// what a stack, the collector's records or a closure before Go 1.23 lead to.
func ofItem(root string, via []string) string {
	last := via[len(via)-1]
	if (root == "global" || root == "timer" || len(via) > 1) && !strings.Contains(last, "+0x") && last != "*" {
		return "*main.Item"
	}
	return ""
}

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

func main() {
	debug.SetGCPercent(-1)
	collected()
	runtime.GC()
	variables()
	containers()
	maps()
	libraries()
	functions()
	goroutines()
	roots()
	newer()
	several()
	scrub(20)
	header := map[string]interface{}{"type": "header", "go": runtime.Version(), "program": "why", "pid": os.Getpid()}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	check(out.Encode(header))
	for _, r := range ledger {
		check(out.Encode(r))
	}
	fmt.Println("READY")
	_, err := io.Copy(io.Discard, os.Stdin)
	check(err)
	runtime.KeepAlive(context.Background())
}
