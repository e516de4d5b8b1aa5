// Handler-leak: an HTTP handler starts goroutines that outlive the request.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"example.com/handler-leak/report"
)

func main() {
	n, fixed := options(50, "requests whose client gives up")
	service := report.NewService(fixed)
	server := httptest.NewServer(service)

	for i := 0; i < n; i++ {
		if err := giveUp(server.URL, service); err != nil {
			fmt.Fprintln(os.Stderr, "handler-leak:", err)
			os.Exit(1)
		}
	}
	http.DefaultClient.CloseIdleConnections()

	hold(true)
	server.Close()
}

// giveUp sends a request, and hangs up while the service works on it.
func giveUp(url string, service *report.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		over <- err
	}()
	service.Accepted()
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the request ended with %v", err)
	}
	service.Answered()
	return nil
}
