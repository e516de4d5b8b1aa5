//go:build goctx_cgo

package main

/*
static int goctx_add(int n) { return n + 1; }
*/
import "C"

func throughC() { C.goctx_add(1) }
