// Package load is a crowd of HTTP clients.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// pause lies between two requests of a client, so that the machine stays usable.
const pause = 20 * time.Millisecond

// Crowd is a running set of clients.
type Crowd struct {
	url    string
	http   *http.Client
	stop   context.CancelFunc
	tasks  sync.WaitGroup
	warmUp int64

	answers int64 // atomic
	warm    chan struct{}
	failed  chan error // first failure
}

// Start starts clients that ask url until Stop, or until ctx is done.
func Start(ctx context.Context, url string, clients int, warmUp int64) *Crowd {
	ctx, stop := context.WithCancel(ctx)
	c := &Crowd{
		url:    url,
		http:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
		stop:   stop,
		warmUp: warmUp,
		warm:   make(chan struct{}),
		failed: make(chan error, 1),
	}
	c.tasks.Add(clients)
	for i := 0; i < clients; i++ {
		go c.client(ctx)
	}
	return c
}

// WarmedUp returns when the first answers are in.
func (c *Crowd) WarmedUp() error {
	select {
	case <-c.warm:
		return nil
	case err := <-c.failed:
		return err
	}
}

// Stop ends the clients and tells the first failure.
func (c *Crowd) Stop() error {
	c.stop()
	c.tasks.Wait()
	c.http.CloseIdleConnections()
	select {
	case err := <-c.failed:
		return err
	default:
		return nil
	}
}

// client asks again and again.
func (c *Crowd) client(ctx context.Context) {
	defer c.tasks.Done()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := c.ask(ctx); err != nil && ctx.Err() == nil {
			c.fail(err)
		}
		if atomic.AddInt64(&c.answers, 1) == c.warmUp {
			close(c.warm)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// fail keeps the first failure.
func (c *Crowd) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// ask sends one request. A slow answer is not a failure: a stopped process is slow.
func (c *Crowd) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/price", nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil && ctx.Err() == nil {
		return err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusGatewayTimeout {
		return fmt.Errorf("%s answered %s", c.url, resp.Status)
	}
	return nil
}
