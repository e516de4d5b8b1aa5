//go:build !go1.21

package lease

import "context"

// hook does nothing: context.AfterFunc came with Go 1.21.
func hook(context.Context, func()) (unhook func() bool) {
	return func() bool { return true }
}
