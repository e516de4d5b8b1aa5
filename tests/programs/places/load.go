//go:build goctx_load

package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

static int plug(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW);
	int (*f)(void) = lib ? (int (*)(void))dlsym(lib, "goctx_plug") : 0;
	return f ? f() : -1;
}
*/
import "C"

import (
	"context"
	"os"
	"plugin"
	"strings"
	"unsafe"

	"goctx.test/programs/truth"
)

// load opens a plugin, or what C would load, by the name's ending.
func (p *place) load(path string) {
	if !strings.HasSuffix(path, ".plugin") {
		name := C.CString(path)
		if C.plug(name) < 0 {
			panic("no library: " + path)
		}
		C.free(unsafe.Pointer(name))
		return
	}
	if _, err := os.Stat(path); err != nil {
		panic(err)
	}
	lib, err := plugin.Open(path)
	must(err)
	plug, err := lib.Lookup("Plug")
	must(err)
	plug.(func(*truth.Recorder, context.Context))(p.r, p.server)
}
