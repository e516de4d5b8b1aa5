// Program keys has contexts with values under keys that are pointers, a server of
// net/http that handles a request among them.  For each it prints a line
//
//	{"type":"key","addr":…,"name":…}
//
// name is the package variable by which the program knows the key, "" where there is
// none, or more than one.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"unsafe"
)

type named struct{ name string }

var (
	static             = &named{"static"}
	made               = make1("made when the program began")
	boxed  interface{} = make1("in an interface")
	one                = make1("by two names")
	two                = one
	out                = json.NewEncoder(os.Stdout)
	held   []context.Context
)

//go:noinline
func make1(name string) *named { return &named{name} }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func data(ctx context.Context) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1] }

func tell(ctx context.Context, name string) {
	check(out.Encode(map[string]interface{}{"type": "key", "addr": fmt.Sprintf("0x%x", uintptr(data(ctx))), "name": name}))
}

func keep(key interface{}, name string) {
	held = append(held, context.WithValue(context.Background(), key, 1))
	tell(held[len(held)-1], name)
}

// parent is what a context of package context embeds.
func parent(ctx context.Context) context.Context { return *(*context.Context)(data(ctx)) }

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	told, never := make(chan bool), make(chan bool)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection := parent(r.Context()) // of the request: cancelable
		local := parent(connection)       // of the connection: cancelable
		tell(local, "http.LocalAddrContextKey")
		tell(parent(local), "http.ServerContextKey")
		close(told)
		<-never
		runtime.KeepAlive(r)
	}))
	go http.Get("http://" + listener.Addr().String())
	<-told
}

func main() {
	out.SetEscapeHTML(false)
	check(out.Encode(map[string]interface{}{"type": "header", "go": runtime.Version(), "program": "keys", "pid": os.Getpid()}))
	keep(static, "main.static")
	keep(made, "main.made")
	keep(boxed, "main.boxed")
	keep(two, "")
	keep(make1("a local one"), "")
	serve()
	fmt.Println("READY")
	_, err := io.Copy(io.Discard, os.Stdin)
	check(err)
	runtime.KeepAlive(held)
}
