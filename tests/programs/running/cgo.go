//go:build goctx_cgo

package main

/*
extern void goctxCallback(void);
static void goctx_call(void) { goctxCallback(); }
*/
import "C"

var never = make(chan int)

//go:noinline
func waitInCallback() { <-never }

//export goctxCallback
func goctxCallback() { waitInCallback() }

//go:noinline
func throughC() { C.goctx_call() }

func callback() { go throughC() }
