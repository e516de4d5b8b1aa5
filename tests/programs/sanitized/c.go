//go:build goctx_cgo

package main

// static int goctx_double(int n) { return 2 * n; }
import "C"

func intoC() { C.goctx_double(21) }
