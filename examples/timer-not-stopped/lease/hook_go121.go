//go:build go1.21

package lease

import "context"

// hook has f called when ctx is done; the result takes that back.
func hook(ctx context.Context, f func()) (unhook func() bool) {
	return context.AfterFunc(ctx, f)
}
