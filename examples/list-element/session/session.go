// Package session caches the sessions used last.
package session

import (
	"container/list"
	"context"
)

// Room is how many sessions a cache has room for.
const Room = 4

// basketKey is where a session's context carries the basket.
type basketKey struct{}

// basket is what a user is about to buy.
type basket [1024]byte

// session is one user's.
type session struct {
	user   string
	ctx    context.Context
	cancel context.CancelFunc
}

// Cache has the sessions used last; it is for one goroutine.
type Cache struct {
	fixed bool
	used  *list.List // of *session, the last one used in front
	at    map[string]*list.Element
}

// NewCache makes a cache.
func NewCache(fixed bool) *Cache {
	return &Cache{fixed: fixed, used: list.New(), at: map[string]*list.Element{}}
}

// Open starts a session and ends the one not used for longest when there is no room.
func (c *Cache) Open(parent context.Context, user string) {
	ctx, cancel := context.WithCancel(parent)
	ctx = context.WithValue(ctx, basketKey{}, new(basket))
	c.at[user] = c.used.PushFront(&session{user: user, ctx: ctx, cancel: cancel})
	if c.used.Len() > Room {
		c.pushOut(c.used.Back())
	}
}

// pushOut ends a session.
func (c *Cache) pushOut(e *list.Element) {
	s := c.used.Remove(e).(*session)
	s.cancel()
	if c.fixed {
		delete(c.at, s.user)
	}
	// the bug: the element is off the list, but the map has it, and it has its value
}

// Len is the number of sessions in the cache.
func (c *Cache) Len() int {
	return c.used.Len()
}
