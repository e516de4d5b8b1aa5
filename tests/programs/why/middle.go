//go:build go1.21 && !go1.24

package main

import (
	"fmt"
	"runtime"
	"strings"
)

const deadlineFunc = "context.WithDeadlineCause.func2"

func capture(name string, off int, of string) string {
	if strings.HasPrefix(runtime.Version(), "go1.23") {
		return fmt.Sprintf("capture %s of %s", name, of)
	}
	return fmt.Sprintf("capture +0x%x of %s", off, of)
}

func captureShared(name string, off int, of string) []string {
	if strings.HasPrefix(runtime.Version(), "go1.23") {
		return []string{capture(name, off, of)}
	}
	return []string{capture(name, off, of), "+0x0"}
}

func headed(with, without string) string {
	if strings.HasPrefix(runtime.Version(), "go1.21") {
		return without
	}
	return with
}

func newer() {}
