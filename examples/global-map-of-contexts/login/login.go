// Package login knows who is logged in.
package login

import (
	"context"
	"sync"
)

// profileKey is where a session's context carries the profile.
type profileKey struct{}

// profile is what is known of a user.
type profile struct {
	user   string
	avatar [2048]byte
}

var (
	mu       sync.Mutex
	sessions = map[string]context.Context{}
	logouts  = map[string]context.CancelFunc{}
)

// In starts a session for user.
func In(ctx context.Context, user string) {
	ctx, cancel := context.WithCancel(ctx)
	mu.Lock()
	defer mu.Unlock()
	sessions[user] = context.WithValue(ctx, profileKey{}, &profile{user: user})
	logouts[user] = cancel
}

// Out ends the session of user.
func Out(user string, fixed bool) {
	mu.Lock()
	defer mu.Unlock()
	logouts[user]()
	delete(logouts, user)
	if fixed {
		delete(sessions, user)
	}
	// the bug: the map of contexts keeps its entry
}
