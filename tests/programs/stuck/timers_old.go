//go:build !go1.23

package main

// A stopped timer stays in the runtime's heap of timers for a while.
const ofStoppedTimer = live
