// Package inner is one of the program's own packages.
package inner

import "context"

// Make makes a context below parent, and says where.
func Make(here func(context.Context, string) context.Context, parent context.Context) any {
	ctx, cancel := context.WithCancel(here(parent, "context.WithCancel"))
	return []any{ctx, cancel}
}
