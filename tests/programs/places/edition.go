//go:build !goctx_twin

package main

const edition = "first"
