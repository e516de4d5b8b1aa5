package main

import "context"

// makeTasks brings the number of goroutines to n, all of them parked.
func (s *service) makeTasks(n int) {
	c := &s.scopes
	started := 0
	for s.heap.tasks < n {
		s.heap.tasks++
		started++
		ctx := c.waitable[s.rand.Intn(len(c.waitable))]
		if s.rand.Intn(20) == 0 {
			ctx = c.base
		}
		depth := s.rand.Intn(6)
		switch percent := s.rand.Intn(100); {
		case percent < 50:
			go s.worker(ctx, depth)
		case percent < 75:
			go s.watcher(ctx, depth)
		case percent < 85:
			go s.consumer(make(chan []byte))
		case percent < 90:
			go s.producer(make(chan []byte))
		default:
			go s.merger(make(chan int), make(chan int))
		}
		if started == cap(s.parked) {
			s.await(started)
			started = 0
		}
	}
	s.await(started)
}

// await waits until that many more goroutines have said that they wait.
func (s *service) await(n int) {
	for i := 0; i < n; i++ {
		<-s.parked
	}
}

//go:noinline
func (s *service) worker(ctx context.Context, depth int) {
	if depth > 0 {
		s.worker(ctx, depth-1)
		return
	}
	s.serve(ctx, make(chan int))
}

//go:noinline
func (s *service) serve(ctx context.Context, work chan int) {
	for {
		s.parked <- struct{}{}
		select {
		case <-ctx.Done():
			return
		case <-work:
		}
	}
}

//go:noinline
func (s *service) watcher(ctx context.Context, depth int) {
	if depth > 0 {
		s.watcher(ctx, depth-1)
		return
	}
	s.parked <- struct{}{}
	<-ctx.Done()
}

//go:noinline
func (s *service) consumer(in chan []byte) {
	s.parked <- struct{}{}
	for range in {
	}
}

//go:noinline
func (s *service) producer(out chan []byte) {
	s.parked <- struct{}{}
	out <- make([]byte, 32)
}

//go:noinline
func (s *service) merger(left, right chan int) {
	s.parked <- struct{}{}
	select {
	case <-left:
	case <-right:
	}
}
