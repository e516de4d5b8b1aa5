//go:build go1.20

package truth

import "context"

func causeOf(ctx context.Context) error { return context.Cause(ctx) }
