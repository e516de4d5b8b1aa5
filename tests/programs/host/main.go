// Program host makes three contexts, then loads program guest ("library PATH",
// "plugin PATH"), which makes seven. It prints READY and waits.
package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>

static int start(const char *path, int n)
{
	void *lib = dlopen(path, RTLD_NOW);
	int (*f)(int) = lib ? (int (*)(int))dlsym(lib, "GoctxStart") : 0;
	return f ? f(n) : -1;
}
*/
import "C"

import (
	"context"
	"fmt"
	"io"
	"os"
	"plugin"
)

var keep []context.CancelFunc

func load(how, path string, n int) int {
	if how == "library" {
		return int(C.start(C.CString(path), C.int(n)))
	}
	lib, err := plugin.Open(path)
	if err != nil {
		panic(err)
	}
	start, err := lib.Lookup("Start")
	if err != nil {
		panic(err)
	}
	return start.(func(int) int)(n)
}

func main() {
	for i := 0; i < 3; i++ {
		_, cancel := context.WithCancel(context.Background())
		keep = append(keep, cancel)
	}
	if n := load(os.Args[1], os.Args[2], 7); n != 7 {
		panic(n)
	}
	fmt.Println("READY")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, cancel := range keep {
		cancel()
	}
}
