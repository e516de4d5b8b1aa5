//go:build !goctx_cgo

package main

func throughC() {}
