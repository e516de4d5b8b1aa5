// Package resize makes small pictures of large ones.
package resize

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
)

// Workers is how many pictures of an album are worked on at once.
const Workers = 4

// ErrFormat is what an album with a picture in a strange format ends with.
var ErrFormat = errors.New("resize: not a JPEG")

// Resizer counts what it has done.
type Resizer struct {
	fixed bool
	done  int64
}

// New makes a resizer.
func New(fixed bool) *Resizer {
	return &Resizer{fixed: fixed}
}

// Album makes small pictures of all pictures.
func (r *Resizer) Album(ctx context.Context, pictures []string) error {
	g, ctx := withContext(ctx)
	jobs := make(chan string)
	for i := 0; i < Workers; i++ {
		g.run(func() error { return r.work(ctx, jobs) })
	}
	for _, name := range pictures {
		if !strings.HasSuffix(name, ".jpg") {
			g.fail(ErrFormat)
			if r.fixed {
				break
			}
			return ErrFormat // the bug: a way out that skips close, and the workers wait for it
		}
		jobs <- name
	}
	close(jobs)
	return g.wait()
}

// work makes small pictures until there are no more jobs; when ctx is done it makes none, and takes
// the rest of the jobs so that nobody waits.
func (r *Resizer) work(ctx context.Context, jobs <-chan string) error {
	for range jobs {
		if ctx.Err() == nil {
			atomic.AddInt64(&r.done, 1)
		}
	}
	return ctx.Err()
}
