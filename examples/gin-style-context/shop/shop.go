// Package shop shows orders.
package shop

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"example.com/gin-style-context/web"
)

// activeRequests holds the requests being answered, by their URL, for the status page.
var activeRequests sync.Map

// Track makes the middleware that lists a request as active while it is being answered.
func Track(fixed bool) web.Handler {
	if fixed {
		return trackSafely
	}
	return track
}

// track forgets the request when the rest of the chain returns.
func track(c *web.Context) {
	url := c.Request.URL.String()
	activeRequests.Store(url, c)
	c.Next()
	activeRequests.Delete(url) // the bug: a panic passes this line by
}

// trackSafely forgets the request whatever happens.
func trackSafely(c *web.Context) {
	url := c.Request.URL.String()
	activeRequests.Store(url, c)
	defer activeRequests.Delete(url)
	c.Next()
}

// ShowOrder is the handler of the page. It panics when there is no such order.
func ShowOrder(c *web.Context) {
	c.Keys["body"] = make([]byte, 4096)
	order := find(c, c.Request.URL)
	if err := c.Err(); err != nil {
		http.Error(c.Writer, err.Error(), http.StatusServiceUnavailable)
		return
	}
	c.Writer.Write([]byte(order.title))
}

// order is one record.
type order struct {
	title string
}

// find reads an order; a broken link leads to none.
func find(ctx context.Context, u *url.URL) *order {
	if ctx.Err() != nil || u.Query().Get("broken") != "" {
		return nil
	}
	return &order{title: u.Path}
}
