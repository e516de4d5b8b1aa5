// Package middleware puts what is known of a request into its context.
package middleware

import (
	"context"
	"sync"
)

// Request is an incoming request.
type Request struct {
	ID, User, Path string
}

// info is all that the layers know, in one value: the healthy way.
type info struct {
	Request
	tenant, locale, route, client, zone, plan string
	limit, trial, beta                        bool
}

// One key type a layer, so that no package can see another's value.
type (
	infoKey      struct{}
	requestIDKey struct{}
	userKey      struct{}
	pathKey      struct{}
	tenantKey    struct{}
	localeKey    struct{}
	routeKey     struct{}
	clientKey    struct{}
	zoneKey      struct{}
	planKey      struct{}
	limitKey     struct{}
	trialKey     struct{}
	betaKey      struct{}
)

// wrap adds twelve layers, as twelve independent middlewares would.
func wrap(ctx context.Context, r Request) context.Context {
	ctx = context.WithValue(ctx, requestIDKey{}, r.ID)
	ctx = context.WithValue(ctx, userKey{}, r.User)
	ctx = context.WithValue(ctx, pathKey{}, r.Path)
	ctx = context.WithValue(ctx, tenantKey{}, "north")
	ctx = context.WithValue(ctx, localeKey{}, "de-CH")
	ctx = context.WithValue(ctx, routeKey{}, "feed")
	ctx = context.WithValue(ctx, clientKey{}, "mobile")
	ctx = context.WithValue(ctx, zoneKey{}, "Europe/Zurich")
	ctx = context.WithValue(ctx, planKey{}, "free")
	ctx = context.WithValue(ctx, limitKey{}, true)
	ctx = context.WithValue(ctx, trialKey{}, false)
	return context.WithValue(ctx, betaKey{}, false)
}

// wrapOnce says the same in one layer.
func wrapOnce(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, infoKey{}, &info{
		Request: r, tenant: "north", locale: "de-CH", route: "feed", client: "mobile",
		zone: "Europe/Zurich", plan: "free", limit: true,
	})
}

// Backend answers requests, slowly.
type Backend struct {
	fixed   bool
	answers chan string
	tasks   sync.WaitGroup
}

// NewBackend makes a backend that has no answer yet.
func NewBackend(fixed bool) *Backend {
	return &Backend{fixed: fixed, answers: make(chan string)}
}

// Go handles r in a goroutine of its own.
func (b *Backend) Go(ctx context.Context, r Request) {
	b.tasks.Add(1)
	go b.handle(ctx, r)
}

// Wait returns when no request is being handled.
func (b *Backend) Wait() {
	b.tasks.Wait()
}

// handle waits for the answer to r.
func (b *Backend) handle(ctx context.Context, r Request) {
	defer b.tasks.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if b.fixed {
		ctx = wrapOnce(ctx, r)
	} else {
		ctx = wrap(ctx, r)
	}
	b.await(ctx)
}

// await blocks until there is an answer or ctx is done.
func (b *Backend) await(ctx context.Context) string {
	select {
	case a := <-b.answers:
		return a
	case <-ctx.Done():
		return ctx.Err().Error()
	}
}
