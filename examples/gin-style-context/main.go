// Gin-style-context: a middleware keeps a framework's context in a global sync.Map.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/gin-style-context/shop"
	"example.com/gin-style-context/web"
)

func main() {
	n, fixed := options(100, "requests whose handler panics (as many go well)")
	ctx, stop := context.WithCancel(context.Background())
	engine := web.New(ctx, web.Recover, shop.Track(fixed), shop.ShowOrder)

	for i := 0; i < n; i++ {
		get(engine, fmt.Sprintf("/orders/%d", i))
		get(engine, fmt.Sprintf("/orders/%d?broken=1", i))
	}

	hold(true)
	stop()
}

// get sends a request through the engine without a socket.
func get(engine http.Handler, url string) {
	engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, url, nil))
}
