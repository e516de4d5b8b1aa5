// Package upload stores files piece by piece.
package upload

import (
	"context"
	"errors"
	"sync"
)

// errShort is what an upload without all of its pieces ends with.
var errShort = errors.New("upload: a piece is missing")

var (
	mu sync.Mutex
	// onShutdown is what is to be done for each upload when the server ends.
	onShutdown = map[string]func(){}
	rolledBack int
)

// File stores one file.
func File(parent context.Context, name string, fixed bool) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	piece := make([]byte, 64<<10)

	mu.Lock()
	onShutdown[name] = func() {
		if ctx.Err() == nil {
			rolledBack += len(piece)
		}
	}
	mu.Unlock()
	if fixed {
		defer forget(name)
	}
	// the bug: when the file is stored, its callback stays

	if store(ctx, piece) < len(piece) {
		return errShort
	}
	return nil
}

// forget takes back what was to be done for an upload.
func forget(name string) {
	mu.Lock()
	defer mu.Unlock()
	delete(onShutdown, name)
}

// store writes a piece and returns how much of it was written.
func store(ctx context.Context, piece []byte) int {
	for i := range piece {
		if ctx.Err() != nil {
			return i
		}
		piece[i] = byte(i)
	}
	return len(piece)
}

// Shutdown rolls back what is not stored yet.
func Shutdown() {
	mu.Lock()
	defer mu.Unlock()
	for _, rollBack := range onShutdown {
		rollBack()
	}
}
