// Traced does things to contexts in a known order and prints what it did, one JSON object a line.
//
// {"event":"create","how":"WithTimeout","context":"0xc…","parent":"background","func":"main.children"}
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"
)

var out *os.File

type key struct{}

func address(ctx context.Context) string {
	switch ctx {
	case context.Background():
		return "background"
	case context.TODO():
		return "todo"
	}
	return fmt.Sprintf("%p", (*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1])
}

func say(event, how string, ctx, parent context.Context, err string) {
	above := ""
	if parent != nil {
		above = address(parent)
	}
	fmt.Fprintf(out, `{"event":%q,"how":%q,"context":%q,"parent":%q,"err":%q}`+"\n", event, how, address(ctx), above, err)
}

//go:noinline
func children(root context.Context) {
	for i := 0; i < 5; i++ {
		ctx, cancel := context.WithTimeout(root, time.Hour)
		say("create", "WithTimeout", ctx, root, "")
		v := context.WithValue(ctx, key{}, i)
		say("create", "WithValue", v, ctx, "")
		if i%2 == 0 {
			cancel()
			say("cancel", "", ctx, root, "context canceled")
			say("remove", "", ctx, root, "")
		}
		kept = append(kept, v)
	}
}

var kept []context.Context

// Expire makes contexts until one's timer ends it: a debugger may stop the program in the making of one for longer than it
// has, and then WithTimeout cancels it on the spot.  That which is not over when it is made is the timer's.
func expire(parent context.Context) {
	for d := time.Millisecond; ; d *= 2 {
		late, cancel := context.WithTimeout(parent, d)
		by := "timer"
		if late.Err() != nil {
			by = "maker or timer"
		}
		say("create", "WithTimeout", late, parent, "")
		<-late.Done()
		if !errors.Is(late.Err(), context.DeadlineExceeded) {
			panic(late.Err())
		}
		say("cancel", by, late, parent, "context deadline exceeded")
		cancel()
		if by == "timer" {
			return
		}
	}
}

//go:noinline
func start() {}

func main() {
	out = os.Stdout
	if len(os.Args) > 1 {
		f, err := os.Create(os.Args[1])
		if err != nil {
			panic(err)
		}
		out = f
	}
	before, stopBefore := context.WithCancel(context.Background())
	start()
	root, stop := context.WithCancel(context.TODO())
	say("create", "WithCancel", root, context.TODO(), "")
	finished := make(chan bool)
	go func() {
		children(root)
		finished <- true
	}()
	<-finished
	early, cancel := context.WithDeadline(before, time.Now().Add(time.Hour))
	say("create", "WithDeadline", early, before, "")
	expire(early)
	cancel()
	say("cancel", "", early, before, "context canceled")
	stop()
	say("cancel", "", root, context.TODO(), "context canceled")
	for _, v := range kept {
		if ctx := v; ctx.Err() == nil {
			panic("a child lives on")
		}
	}
	stopBefore()
	say("cancel", "", before, context.Background(), "context canceled")
	fmt.Fprintln(out, `{"event":"end"}`)
}
