// Package mail hands letters to mailboxes.
package mail

import "context"

// Post knows where letters come from.
type Post struct {
	fixed   bool
	letters chan string
	reload  chan struct{}
}

// NewPost makes a post that has no letters yet.
func NewPost(fixed bool) *Post {
	return &Post{fixed: fixed, letters: make(chan string), reload: make(chan struct{})}
}

// Open starts a mailbox that should end with ctx.
func (p *Post) Open(ctx context.Context) {
	if p.fixed {
		go p.listen(ctx)
	} else {
		go p.sort(ctx)
	}
}

// Close ends the mailboxes that are left.
func (p *Post) Close() {
	close(p.letters)
}

// sort hands on letters; ctx it uses for that alone.
func (p *Post) sort(ctx context.Context) {
	for {
		select { // the bug: no case for ctx.Done()
		case l, more := <-p.letters:
			if !more {
				return
			}
			deliver(ctx, l)
		case <-p.reload:
			deliver(ctx, "reloaded")
		}
	}
}

// listen hands on letters until ctx is done.
func (p *Post) listen(ctx context.Context) {
	for {
		select {
		case l, more := <-p.letters:
			if !more {
				return
			}
			deliver(ctx, l)
		case <-p.reload:
			deliver(ctx, "reloaded")
		case <-ctx.Done():
			return
		}
	}
}

// deliver puts a letter down unless ctx is done.
func deliver(ctx context.Context, letter string) bool {
	return ctx.Err() == nil && letter != ""
}
