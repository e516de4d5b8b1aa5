//go:build !go1.23

package main

// A stopped timer stays in the runtime's heap of timers until it is the first there, or too many are stopped.
const ofStoppedTimer = live
