// Program graph fills its heap with pointers and nothing else: nodes of 64 bytes, each of which points to one that is new and to seven
// at random.  It is the hardest that marking can be given: every word is a pointer, every pointer a cache miss.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"runtime/debug"
)

type node [8]*node

var first *node

func main() {
	mib := flag.Int("heap", 1024, "MiB of nodes")
	flag.Parse()
	debug.SetGCPercent(-1)
	random := rand.New(rand.NewSource(1))
	nodes := make([]*node, *mib<<20/64)
	for i := range nodes {
		nodes[i] = new(node)
	}
	for i, n := range nodes {
		n[0] = nodes[(i+1)%len(nodes)]
		for k := 1; k < len(n); k++ {
			n[k] = nodes[random.Intn(len(nodes))]
		}
	}
	first = nodes[0]
	nodes = nil
	fmt.Printf(`{"type":"header","go":"","program":"graph","pid":%d}`+"\nREADY\n", os.Getpid())
	io.Copy(io.Discard, os.Stdin)
}
