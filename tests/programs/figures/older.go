//go:build !go1.24

package main

// newer: neither cleanups nor package weak are there yet.
func newer() (cleanups, weakPointers int) { return 0, 0 }
