//go:build !goctx_cgo

package main

func inC(await func(string)) {}
