//go:build !go1.21

package main

import "fmt"

const deadlineFunc = "context.WithDeadline.func2"

func capture(_ string, off int, of string) string { return fmt.Sprintf("capture +0x%x of %s", off, of) }

func captureShared(name string, off int, of string) []string {
	return []string{capture(name, off, of), "+0x0"}
}

func headed(_, without string) string { return without }

func newer() {}
