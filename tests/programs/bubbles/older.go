//go:build !go1.25

// There is no package testing/synctest yet.
package main

func main() { panic("needs Go 1.25") }
