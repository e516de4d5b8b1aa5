//go:build go1.24

package main

import (
	"fmt"
	"runtime"
	"strings"
)

const deadlineFunc = "context.WithDeadlineCause.func2"

// capture is how a closure's variable is called: since Go 1.23 its name is known.
func capture(name string, _ int, of string) string { return fmt.Sprintf("capture %s of %s", name, of) }

// headed chooses by whether the allocator notes the types of objects above 512 bytes.
func headed(with, _ string) string { return with }

//go:noinline
func withCleanup(item *Item) {
	r := &resource{}
	runtime.AddCleanup(r, func(i *Item) { use(i) }, item)
}

// captureShared is the same for a variable that the closure shares.
func captureShared(name string, off int, of string) []string { return []string{capture(name, off, of)} }

func newer() {
	if version := runtime.Version(); strings.HasPrefix(version, "go1.24") || strings.HasPrefix(version, "go1.25") {
		keep("argument of a cleanup", "cleanup", withCleanup, "function", "*", "+0x0")
		return
	}
	keep("argument of a cleanup", "cleanup", withCleanup, "argument", "+0x0")
}
