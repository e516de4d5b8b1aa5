//go:build !go1.21

package main

import "context"

// newer: there is no AfterFunc yet.
func newer(context.Context) {}
