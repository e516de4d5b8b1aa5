// Program figures prints what the runtime says of its own heap and collector, and
// stands still. Arguments: GC percent (-1: off) and memory limit (0: none).
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Figures is what runtime.MemStats and debug.GCStats say; Type is "heap".
type Figures struct {
	Type     string           `json:"type"`
	Stats    runtime.MemStats `json:"stats"`
	Pauses   []int64          `json:"pauses"`     // ns, newest first
	Ends     []int64          `json:"pause_ends"` // Unix ns
	Percent  int              `json:"percent"`
	Limit    int64            `json:"limit"`
	Finalize int              `json:"finalizers"` // made here; the standard library may have made some, too
	Cleanups int              `json:"cleanups"`
	Weak     int              `json:"weak"`
}

const (
	collections = 7
	finalizers  = 23
)

type node struct {
	next *node
	data [40]byte
}

var (
	chain  *node
	plain  [][]byte
	marked []*[64]int64

	ready = []byte("READY\n")
	scrap [64]byte
)

// fill makes objects of several sizes, with and without pointers, some of them garbage.
func fill() {
	for i := 0; i < 5000; i++ {
		chain = &node{next: chain}
		plain = append(plain, make([]byte, 1+i%9000))
		if i%2 == 1 {
			plain[i-1] = nil
		}
	}
	plain = append(plain, make([]byte, 3<<20))
	for i := 0; i < finalizers; i++ {
		marked = append(marked, new([64]int64))
		runtime.SetFinalizer(marked[i], func(*[64]int64) {})
	}
}

// read fills in what changes.
func (f *Figures) read() {
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	f.Pauses, f.Ends = nil, nil
	for i, pause := range gc.Pause {
		f.Pauses = append(f.Pauses, int64(pause))
		f.Ends = append(f.Ends, gc.PauseEnd[i].UnixNano())
	}
	runtime.ReadMemStats(&f.Stats)
}

func number(arg int) int64 {
	n, err := strconv.ParseInt(os.Args[arg], 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return n
}

// threads has the runtime make more of them than it will need: one that comes when the truth is told has a stack that counts.
func threads() {
	const many = 6
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	var back sync.WaitGroup
	back.Add(many)
	for i := 0; i < many; i++ {
		go func() {
			defer back.Done()
			syscall.Read(ends[0], make([]byte, 1))
		}()
	}
	for text := make([]byte, 1<<16); strings.Count(string(text[:runtime.Stack(text, true)]), "[syscall") < many; {
		runtime.Gosched()
	}
	syscall.Write(ends[1], make([]byte, many))
	back.Wait()
}

func main() {
	f := &Figures{Type: "heap", Percent: int(number(1)), Limit: number(2), Finalize: finalizers}
	threads()
	fill()
	f.Cleanups, f.Weak = newer()
	for i := 0; i < collections; i++ {
		runtime.GC()
	}
	debug.SetGCPercent(f.Percent)
	if f.Limit > 0 {
		debug.SetMemoryLimit(f.Limit)
	}
	// Printing allocates: print until that changes nothing but the number of small objects.
	var seen runtime.MemStats
	for round := 0; round < 50; round++ {
		f.read()
		text, err := json.Marshal(f)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Stdout.Write(append(text, '\n'))
		runtime.ReadMemStats(&seen)
		if seen.HeapInuse == f.Stats.HeapInuse && seen.StackInuse == f.Stats.StackInuse && seen.NumGC == f.Stats.NumGC {
			break
		}
	}
	os.Stdout.Write(ready)
	for err := error(nil); err == nil; {
		_, err = os.Stdin.Read(scrap[:])
	}
	runtime.KeepAlive(f)
}
