// Package pipeline is a tree of goroutines: a supervisor, its branches, their leaves.
package pipeline

import (
	"context"
	"sync"
)

// batch is what a leaf hands on.
type batch struct {
	leaf, size int
}

// Supervise runs the three branches and returns when all have ended, after ctx is done.
func Supervise(ctx context.Context, leaves int, fixed bool) {
	var branches sync.WaitGroup
	branches.Add(3)
	go ingest(ctx, leaves, &branches)
	go index(ctx, leaves, &branches)
	go archive(ctx, leaves, fixed, &branches)
	branches.Wait()
}

// ingest has leaves that read from a feed.
func ingest(ctx context.Context, leaves int, branches *sync.WaitGroup) {
	defer branches.Done()
	feed := make(chan batch)
	var tasks sync.WaitGroup
	tasks.Add(leaves)
	for i := 0; i < leaves; i++ {
		go take(ctx, feed, &tasks)
	}
	tasks.Wait()
}

// index has leaves that wait for work too, each at a queue of its own.
func index(ctx context.Context, leaves int, branches *sync.WaitGroup) {
	defer branches.Done()
	var tasks sync.WaitGroup
	tasks.Add(leaves)
	for i := 0; i < leaves; i++ {
		go take(ctx, make(chan batch), &tasks)
	}
	tasks.Wait()
}

// take receives batches until ctx is done.
func take(ctx context.Context, feed <-chan batch, tasks *sync.WaitGroup) {
	defer tasks.Done()
	total := 0
	for {
		select {
		case b := <-feed:
			total += b.size
		case <-ctx.Done():
			return
		}
	}
}

// archive has leaves that send to one uploader.
func archive(ctx context.Context, leaves int, fixed bool, branches *sync.WaitGroup) {
	defer branches.Done()
	out := make(chan batch)
	var tasks sync.WaitGroup
	tasks.Add(leaves + 1)
	go upload(ctx, out, leaves, &tasks)
	for i := 0; i < leaves; i++ {
		if fixed {
			go shipOrStop(ctx, i, out, &tasks)
		} else {
			go ship(ctx, i, out, &tasks)
		}
	}
	tasks.Wait()
}

// upload takes as many batches as the quota allows, then waits for the end.
func upload(ctx context.Context, out <-chan batch, quota int, tasks *sync.WaitGroup) {
	defer tasks.Done()
	for i := 0; i < quota; i++ {
		<-out
	}
	<-ctx.Done()
}

// ship asks whether it should end, but only between two batches.
func ship(ctx context.Context, leaf int, out chan<- batch, tasks *sync.WaitGroup) {
	defer tasks.Done()
	for size := 1; ctx.Err() == nil; size++ {
		out <- batch{leaf, size} // the bug: nobody may be there to take it
	}
}

// shipOrStop listens for the end while it sends.
func shipOrStop(ctx context.Context, leaf int, out chan<- batch, tasks *sync.WaitGroup) {
	defer tasks.Done()
	for size := 1; ; size++ {
		select {
		case out <- batch{leaf, size}:
		case <-ctx.Done():
			return
		}
	}
}
