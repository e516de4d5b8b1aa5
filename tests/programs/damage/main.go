// Program damage spoils its own contexts and channels, says what it did, and stands still.
//
// Each line names a rule of goctx check and what the finding must be about: contexts or goroutines.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"unsafe"
)

// Damage is one line of the truth.
type Damage struct {
	Type     string   `json:"type"` // "damage"
	Name     string   `json:"name"`
	Rule     string   `json:"rule"`
	Contexts []string `json:"contexts"`
	Goids    []int64  `json:"goids"`
}

var (
	kept  []interface{}
	ready       = make(chan int64) // of goroutines about to park
	spare error = errors.New("spoiled")
)

func addr(ctx context.Context) string {
	return fmt.Sprintf("0x%x", reflect.ValueOf(ctx).Pointer())
}

func tell(name, rule string, goids []int64, ctxs ...context.Context) {
	d := Damage{Type: "damage", Name: name, Rule: rule, Goids: goids, Contexts: []string{}}
	for _, ctx := range ctxs {
		d.Contexts = append(d.Contexts, addr(ctx))
		kept = append(kept, ctx)
	}
	if d.Goids == nil {
		d.Goids = []int64{}
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// field is the address of a field of the struct that ctx points to, and its type.
func field(ctx context.Context, name string) (unsafe.Pointer, reflect.Type) {
	v := reflect.ValueOf(ctx).Elem().FieldByName(name)
	return unsafe.Pointer(v.UnsafeAddr()), v.Type()
}

func cancelable(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	ctx.Done()
	kept = append(kept, ctx, cancel)
	return ctx
}

func setParent(ctx, parent context.Context) {
	p, _ := field(ctx, "Context")
	*(*context.Context)(p) = parent
}

func setErr(ctx context.Context) {
	p, t := field(ctx, "err")
	if t.Kind() == reflect.Interface {
		*(*error)(p) = spare
	} else {
		(*atomic.Value)(p).Store(spare)
	}
}

func closeDone(ctx context.Context) {
	done := ctx.Done()
	close(*(*chan struct{})(unsafe.Pointer(&done)))
}

// children is the map itself, settable.
func children(ctx context.Context) reflect.Value {
	p, t := field(ctx, "children")
	return reflect.NewAt(t, p).Elem()
}

func contexts() {
	bg := context.Background()

	holder, other := cancelable(bg), cancelable(bg)
	moved := cancelable(holder)
	cancelable(other) // so that it has a map
	setParent(moved, other)
	tell("parent-changed", "parent-chain", nil, moved) // the old map holds it, the new one does not

	parent := cancelable(bg)
	cancelable(parent)
	child, cancel := context.WithCancel(parent)
	child.Done()
	cancel()
	children(parent).SetMapIndex(reflect.ValueOf(child), reflect.ValueOf(struct{}{}))
	tell("stale-child", "children-map", nil, child)

	parent = cancelable(bg)
	cancelable(parent)
	lost := cancelable(parent)
	children(parent).SetMapIndex(reflect.ValueOf(lost), reflect.Value{})
	tell("removed-child", "parent-chain", nil, lost)

	open := cancelable(bg)
	setErr(open)
	tell("err-without-close", "done-state", nil, open)

	closed := cancelable(bg)
	closeDone(closed)
	tell("close-without-err", "done-state", nil, closed)

	counted := cancelable(bg)
	for i := 0; i < 30; i++ {
		cancelable(counted)
	}
	*(*uint64)(children(counted).UnsafePointer()) += 3 // hmap.count, Map.used
	tell("count", "children-map", nil, counted)

	top := cancelable(bg)
	middle := cancelable(top)
	setParent(top, middle)
	tell("loop", "parent-chain", nil) // whichever is met first

	full := cancelable(bg)
	spared := cancelable(full)
	setErr(full)
	closeDone(full)
	tell("kept-map", "children-map", nil, full)
	tell("spared", "parent-chain", nil, spared)

	wild := cancelable(cancelable(bg))
	p, _ := field(wild, "Context")
	junk := new([96]byte)
	kept = append(kept, junk)
	(*[2]unsafe.Pointer)(p)[1] = unsafe.Pointer(junk)
	tell("wild-parent", "parent-chain", nil, wild)
}

// goid of the goroutine that calls.
func goid() int64 {
	var buf [64]byte
	words := bytes.Fields(buf[:runtime.Stack(buf[:], false)])
	n, err := strconv.ParseInt(string(words[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// receive parks n goroutines on ch and returns their numbers.
func receive(ch <-chan int, n int) []int64 {
	var goids []int64
	for i := 0; i < n; i++ {
		go func() {
			ready <- goid()
			<-ch
		}()
		goids = append(goids, <-ready)
	}
	return goids
}

// settled returns when each of the goroutines is parked in a receive.
func settled(goids ...int64) {
	buf := make([]byte, 1<<20)
	for _, id := range goids {
		for want := []byte(fmt.Sprintf("goroutine %d [chan receive", id)); ; runtime.Gosched() {
			if bytes.Contains(buf[:runtime.Stack(buf, true)], want) {
				break
			}
		}
	}
}

// words are those of the channel's own struct.
func words(ch chan int) *[12]uintptr {
	return *(**[12]uintptr)(unsafe.Pointer(&ch))
}

// queue finds the receive queue: two words, first and last, of a channel on which one goroutine waits.
func queue() int {
	ch := make(chan int)
	settled(receive(ch, 1)...)
	w := words(ch)
	for i := 3; i+1 < len(w); i++ {
		if w[i] != 0 && w[i] == w[i+1] {
			return i
		}
	}
	panic("no queue found")
}

// closedByte is where a closed channel differs from an open one.
func closedByte() int {
	a, b := make(chan int), make(chan int)
	close(b)
	x, y := (*[96]byte)(unsafe.Pointer(words(a))), (*[96]byte)(unsafe.Pointer(words(b)))
	for i := range x {
		if x[i] == 0 && y[i] == 1 {
			return i
		}
	}
	panic("no flag found")
}

func channels() {
	at, flag := queue(), closedByte()

	gone := make(chan int)
	goids := receive(gone, 1)
	settled(goids...)
	words(gone)[at], words(gone)[at+1] = 0, 0
	tell("off-the-queue", "wait-queue", goids)

	bent := make(chan int)
	goids = receive(bent, 3)
	settled(goids...)
	last := (*[3]uintptr)(unsafe.Pointer(words(bent)[at+1])) // sudog: g, next, prev
	last[2] = words(bent)[at]
	tell("bent-link", "wait-queue", nil)

	shut := make(chan int)
	settled(receive(shut, 2)...)
	(*[96]byte)(unsafe.Pointer(words(shut)))[flag] = 1
	tell("closed-with-waiters", "wait-queue", nil)

	buffered := make(chan int, 4)
	settled(receive(buffered, 1)...)
	words(buffered)[0] = 2
	tell("receivers-and-elements", "wait-queue", nil)

	kept = append(kept, gone, bent, shut, buffered)
}

func main() {
	debug.SetGCPercent(-1) // the collector must not meet any of this
	contexts()
	channels()
	fmt.Println("READY")
	var scrap [64]byte
	for err := error(nil); err == nil; {
		_, err = os.Stdin.Read(scrap[:])
	}
	os.Exit(0)
}
