// Program waiters parks goroutines in every way that there is, and tells how
// runtime.Stack shows them; see package truth.
package main

import (
	"context"
	"runtime"

	"goctx.test/programs/truth"
)

// shared is what the goroutines wait on, so that nothing of it is collected.
type shared struct {
	r      *truth.Recorder
	server context.Context
	keep   []interface{}
}

func main() {
	s := &shared{r: truth.NewRecorder()}
	server, cancel := context.WithCancel(context.Background())
	s.server = s.r.Keep("server", server, context.Background())
	s.hold(cancel)

	s.contexts()
	s.shapes()
	s.channels()
	s.locks()
	s.outside()
	s.labelled()
	s.family()
	s.r.Finish()
	runtime.KeepAlive(s)
	stopSpinning()
}

// hold keeps something reachable as long as the program runs.
func (s *shared) hold(what interface{}) { s.keep = append(s.keep, what) }

// child makes a context of its own for a goroutine to wait on.
func (s *shared) child(label string) context.Context {
	ctx, cancel := context.WithCancel(s.server)
	s.hold(cancel)
	return s.r.Keep(label, ctx, s.server)
}
