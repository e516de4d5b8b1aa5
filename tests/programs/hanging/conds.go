package main

import (
	"sync"
	"time"
)

type jobs struct {
	mu    sync.Mutex
	cond  *sync.Cond
	ready int
}

func newJobs() *jobs {
	j := &jobs{}
	j.cond = sync.NewCond(&j.mu)
	return j
}

//go:noinline
func (j *jobs) take() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.ready == 0 {
		j.cond.Wait()
	}
	j.ready--
}

//go:noinline
func (j *jobs) feed() {
	for {
		holds(j.cond, "cond")
		time.Sleep(hour)
		j.mu.Lock()
		j.ready++
		j.mu.Unlock()
		j.cond.Signal()
	}
}

// fed: idle workers, and who signals them when there is work.
func fed() record {
	j := newJobs()
	start(1, j.feed)
	start(many, j.take)
	settle()
	return record{}
}

var queued *jobs

// unfed: idle workers that the program waits for; work may come yet.
func unfed() record {
	j := newJobs()
	queued = j
	var wg sync.WaitGroup
	wg.Add(many)
	start(many, func() {
		defer wg.Done()
		j.take()
	})
	start(1, func() {
		defer j.cond.Broadcast()
		wg.Wait()
	})
	settle()
	return record{}
}

// returned: workers in a Cond have given its lock back; somebody else has it, and is at work.
func returned() record {
	j := newJobs()
	start(2, j.take)
	settle()
	start(1, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		holds(&j.mu, "mutex")
		time.Sleep(hour)
	})
	settle()
	start(many, j.take)
	settle()
	return record{}
}

type station struct {
	mu   sync.Mutex
	jobs *jobs
}

//go:noinline
func (s *station) run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	holds(&s.mu, "mutex")
	s.jobs.take()
}

func (s *station) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

var central *station

// unsignalled: who waits in a Cond holds another lock, and nobody is seen who signals.
func unsignalled() record {
	s := &station{jobs: newJobs()}
	central = s
	start(1, s.run)
	settle()
	start(many, s.look)
	settle()
	return record{Hang: many + 1}
}
