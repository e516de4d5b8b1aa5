// Program ways holds CancelFuncs in every way there is. Each context is made four times: below Background and below a context that somebody
// can cancel; and the CancelFunc is held so that nobody who runs, or can be woken, reaches it (lost), or so that somebody does. A goroutine
// waits for each of them.
//
// It says so in JSON lines {"type":"way", …}, then prints what package truth knows. With "running" it does so for goroutines that run; with
// "garbage" for what only garbage holds, and then it says READY and knows no more.
package main

import (
	"context"
	"encoding/json"
	"os"

	"goctx.test/programs/truth"
)

// A way to hold a CancelFunc.
type way struct {
	name string
	// parked counts the goroutines that park in hold. Where one of them is the caller's, hold does not return before it is woken; where
	// none is, it returns at once.
	parked int
	hold   func(k *keeper, ctx context.Context, cancel context.CancelFunc)
	only   string // "lost", "alive": there is no other
	// freed: the holder waits for the context itself, or for another that hangs on the same parent. It comes back when that ends.
	freed bool
	// made makes the context; nil: WithCancel.
	made func(parent context.Context) (context.Context, context.CancelFunc)
}

// A keeper is what a way gets to know of what is wanted.
type keeper struct {
	lost   bool
	label  string
	parent context.Context
	rec    *truth.Recorder
}

// Say is a line of output.
type say struct {
	Type    string `json:"type"` // "way"
	Name    string `json:"name"`
	Below   string `json:"below"` // "background", "parent"
	Lost    bool   `json:"lost"`
	Held    string `json:"held"` // "lost", "alive": as it was asked for; a parent may free who waits for a context
	Context string `json:"context"`
	Label   string `json:"label"` // of the goroutine that waits for it
}

var (
	ways []way
	keep []any              // what can run reaches
	gate = make(chan []int) // whoever waits for it can be woken
)

// begin says that the calling goroutine is about to park.
func (k *keeper) begin(status ...string) {
	k.rec.Begin(&truth.Expected{Label: k.label, Status: status})
}

// halt parks the calling goroutine: on a channel that it has for itself, or on one that everybody knows.
//
//go:noinline
func (k *keeper) halt() {
	k.begin("chan receive")
	if k.lost {
		<-make(chan []int)
	} else {
		<-gate
	}
}

// share makes what a holder waits on known to all, or not.
func (k *keeper) share(x any) {
	if !k.lost {
		keep = append(keep, x)
	}
}

//go:noinline
func wait(rec *truth.Recorder, label string, ctx context.Context) {
	rec.Begin(&truth.Expected{Label: label, Status: []string{"chan receive"}})
	<-ctx.Done()
	use(ctx.Err()) // so that the context is still there
}

// bring makes one context and returns when all that has to do with it is under way.
func bring(w *way, k *keeper, below string) {
	made, held := make(chan say), make(chan bool, 1)
	go func() {
		if w.made == nil {
			w.made = context.WithCancel
		}
		ctx, cancel := w.made(k.parent)
		go wait(k.rec, k.label+" waits", ctx)
		go func() {
			w.hold(k, ctx, cancel)
			held <- true
		}()
		lost := k.lost && !(w.freed && below == "parent")
		made <- say{"way", w.name, below, lost, map[bool]string{true: "lost", false: "alive"}[k.lost], truth.Addr(ctx), k.label + " waits"}
	}()
	line := <-made
	k.rec.Await(1 + w.parked)
	if w.parked == 0 {
		<-held
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		panic(err)
	}
}

func main() {
	rec := truth.NewRecorder()
	base, stop := context.WithCancel(context.Background())
	keep = append(keep, stop)
	parents := map[string]context.Context{"background": context.Background(), "parent": base}
	if len(os.Args) > 1 && os.Args[1] == "garbage" {
		late(rec, parents)
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "running" {
		ways = busy
	}
	for i := range ways {
		for _, below := range []string{"background", "parent"} {
			for _, held := range []string{"lost", "alive"} {
				if w := &ways[i]; w.only == "" || w.only == held {
					bring(w, &keeper{held == "lost", w.name + ", " + below + ", " + held, parents[below], rec}, below)
				}
			}
		}
	}
	rec.Finish()
}
