//go:build cgo

package main

import "C"

//export goctx_run
func goctx_run() { run() }
