//go:build go1.23

package main

// A timer that nobody waits on hangs on nothing but its channel's users.
const ofStoppedTimer = stuck
