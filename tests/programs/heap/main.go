// Program heap fills its heap with objects of which it knows who reaches them, has the collector run, drops a part, and tells where they
// are: what a marking of all that is reachable must find, and what it must not.
//
// Beside the pointers of every object lie scalars that look just like pointers: each is the address of a decoy, an object that nothing
// points to.  A pointer mask that is read from the wrong place, or a bit off, misses the one and finds the other.
//
// Output: JSON lines of type "objects" with what they are, whether they are "reached" or "dropped", and their addresses, every one xored with
// the mask that the line names so that it is no pointer to them; then READY.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"unsafe"
)

const mask = 0x5555_0000_0000_5555

// hidden is an address that keeps nothing alive.
type hidden uintptr

func hide(p unsafe.Pointer) hidden { return hidden(uintptr(p) ^ mask) }

// leaf is what most pointers here point to.
type leaf struct {
	id  uint64
	pad [2]uint64
}

// told is a kind of objects, and where they are.
type told struct {
	what    string
	reached bool
	addrs   []hidden
}

// Both never grow: what they leave behind would be garbage that the collector has not seen.
var (
	truth = make([]*told, 0, 100)
	// roots is what keeps all reached ones.
	roots = make([]interface{}, 0, 5000)
)

// holder keeps a dropped object until the collector has run.
type holder struct {
	next *holder
	p    unsafe.Pointer
}

var (
	holds   *holder
	holders = tell("holders", false)
)

func hold(p unsafe.Pointer) {
	holds = &holder{holds, p}
	holders.add(unsafe.Pointer(holds))
}

func tell(what string, reached bool) *told {
	t := &told{what: what, reached: reached}
	truth = append(truth, t)
	return t
}

func (t *told) add(p unsafe.Pointer) { t.addrs = append(t.addrs, hide(p)) }

// maker makes the objects of one kind: their leaves and decoys.
type maker struct {
	leaves, decoys *told
	held           []*leaf
}

func newMaker(what string) *maker {
	return &maker{leaves: tell(what+": leaves", true), decoys: tell(what+": decoys", false)}
}

func (m *maker) leaf() *leaf {
	l := &leaf{id: uint64(len(m.leaves.addrs))}
	m.leaves.add(unsafe.Pointer(l))
	return l
}

// decoy is the address of an object that nothing will point to.
func (m *maker) decoy() uintptr {
	l := &leaf{id: uint64(len(m.decoys.addrs))}
	m.decoys.add(unsafe.Pointer(l))
	m.held = append(m.held, l)
	return uintptr(unsafe.Pointer(l))
}

func (m *maker) done(keep ...interface{}) {
	roots = append(roots, keep...)
	if len(m.held) > 0 {
		hold(unsafe.Pointer(&m.held[0]))
		holders.add(unsafe.Pointer(&m.held[0]))
		m.held = nil
	}
}

// build makes everything; it runs on a goroutine of its own, whose stack is gone afterwards.
func build() {
	slices()
	structs()
	lists()
	containers()
	drops()
	special()
	for _, more := range newer {
		more()
	}
}

// newer is what later releases add.
var newer []func()

var (
	globalPointer *leaf
	globalStruct  struct {
		decoy [3]uintptr
		p     *leaf
		more  uintptr
	}
	globalArray [50]struct {
		d uintptr
		p *leaf
	}
	globalData = &leaf{id: 7} // in data, not in the heap
)

func globals() {
	m := newMaker("globals")
	globalPointer = m.leaf()
	globalStruct.p, globalStruct.more = m.leaf(), m.decoy()
	for i := range globalStruct.decoy {
		globalStruct.decoy[i] = m.decoy()
	}
	for i := range globalArray {
		globalArray[i].d, globalArray[i].p = m.decoy(), m.leaf()
	}
	m.done()
}

// parked waits for ever with the only pointer to some objects on its stack.
//
//go:noinline
func parked(chain **leaf, ready *sync.WaitGroup, never chan struct{}) {
	ready.Done()
	<-never
	runtime.KeepAlive(chain)
}

func stacks() {
	t := tell("stack of a parked goroutine", true)
	var ready sync.WaitGroup
	ready.Add(1)
	never := make(chan struct{})
	func() {
		inner := new(*leaf)
		*inner = &leaf{}
		t.add(unsafe.Pointer(inner))
		t.add(unsafe.Pointer(*inner))
		go parked(inner, &ready, never)
	}()
	ready.Wait()
	roots = append(roots, never)
}

func apart(f func()) {
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	<-done
}

// late makes objects that the collector has not seen.
func late() {
	m := newMaker("made after the collection")
	for n := 1; n < 40; n++ {
		s := make([]struct {
			p *leaf
			d uintptr
		}, n)
		for i := range s {
			s[i].p, s[i].d = m.leaf(), m.decoy()
		}
		roots = append(roots, s)
	}
	m.done()
}

func main() {
	debug.SetGCPercent(-1)
	many := make(chan struct{})
	for i := 0; i < 100; i++ { // that the runtime's list of goroutines grows no more
		go func() { <-many }()
	}
	close(many)
	apart(func() {
		globals()
		build()
		stacks()
	})
	runtime.GC()
	runtime.GC()
	apart(late)
	holds = nil
	apart(print)
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(globalData)
}

func print() {
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintf(out, `{"type":"header","go":%q,"program":"heap","pid":%d}`+"\n", runtime.Version(), os.Getpid())
	for _, t := range truth {
		want := "dropped"
		if t.reached {
			want = "reached"
		}
		fmt.Fprintf(out, `{"type":"objects","what":%q,"want":%q,"mask":%d,"addrs":[`, t.what, want, uint64(mask))
		for i, a := range t.addrs {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(strconv.FormatUint(uint64(a), 10))
		}
		out.WriteString("]}\n")
	}
	out.WriteString("READY\n")
	out.Flush()
}
