//go:build go1.21

package main

import (
	"context"
	"errors"
	"time"
)

var errLate = errors.New("late")

// newer makes what Go 1.19 has not.
func newer(s *server) {
	a, _ := context.WithCancelCause(here(s.root, "context.WithCancelCause"))
	b, _ := context.WithTimeoutCause(here(a, "context.WithTimeoutCause"), time.Hour, errLate)
	c, _ := context.WithDeadlineCause(here(b, "context.WithDeadlineCause"), later, errLate)
	d := context.WithoutCancel(here(c, "context.WithoutCancel"))
	stop := context.AfterFunc(here(c, "context.AfterFunc"), func() {})
	keep = append(keep, d, stop)
}
