// Package indexer is a service of several workers.
package indexer

import (
	"context"
	"sync"

	"example.com/nested-no-propagation/audit"
)

// Service is a running set of workers.
type Service struct {
	name  string
	stop  context.CancelFunc
	jobs  chan string
	tasks sync.WaitGroup
}

// Start starts workers that end with ctx or by Stop. open tells which wrapper lies between.
func Start(ctx context.Context, name string, workers int, open bool) *Service {
	ctx, stop := context.WithCancel(ctx)
	s := &Service{name: name, stop: stop, jobs: make(chan string)}
	wrapped := audit.Wrap(ctx)
	if open {
		wrapped = audit.WrapOpenly(ctx)
	}
	s.tasks.Add(workers)
	for i := 0; i < workers; i++ {
		go s.worker(wrapped)
	}
	return s
}

// Stop asks the workers to end.
func (s *Service) Stop() {
	s.stop()
}

// Wait returns when they have ended.
func (s *Service) Wait() {
	s.tasks.Wait()
}

// worker takes jobs until parent is done.
func (s *Service) worker(parent context.Context) {
	defer s.tasks.Done()
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	for {
		select {
		case job := <-s.jobs:
			index(ctx, job)
		case <-ctx.Done():
			return
		}
	}
}

// index stands for the work.
func index(ctx context.Context, job string) {
	_ = ctx.Value(job)
}
