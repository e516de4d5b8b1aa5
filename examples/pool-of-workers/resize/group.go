package resize

import (
	"context"
	"sync"
)

// group runs tasks and ends them all when one of them fails.
type group struct {
	tasks  sync.WaitGroup
	once   sync.Once
	cancel context.CancelFunc
	err    error
}

// withContext makes a group and the context of its tasks.
func withContext(parent context.Context) (*group, context.Context) {
	ctx, cancel := context.WithCancel(parent)
	return &group{cancel: cancel}, ctx
}

// run starts a task.
func (g *group) run(task func() error) {
	g.tasks.Add(1)
	go func() {
		defer g.tasks.Done()
		if err := task(); err != nil {
			g.fail(err)
		}
	}()
}

// fail ends the group's context; the first error counts.
func (g *group) fail(err error) {
	g.once.Do(func() {
		g.err = err
		g.cancel()
	})
}

// wait returns when all tasks have ended.
func (g *group) wait() error {
	g.tasks.Wait()
	g.cancel()
	return g.err
}
