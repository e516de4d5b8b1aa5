// Package report renders reports for HTTP clients.
package report

import (
	"context"
	"net/http"
)

// Service is the handler.
type Service struct {
	fixed    bool
	accepted chan struct{}
	answered chan struct{}
	printer  chan *job // out of paper: nobody takes a job
}

// job is one report on its way to the printer.
type job struct {
	page []byte
}

// NewService makes a handler whose printer does not work.
func NewService(fixed bool) *Service {
	return &Service{
		fixed:    fixed,
		accepted: make(chan struct{}),
		answered: make(chan struct{}),
		printer:  make(chan *job),
	}
}

// Accepted returns when a request has come in.
func (s *Service) Accepted() { <-s.accepted }

// Answered returns when the handler has returned from a request.
func (s *Service) Answered() { <-s.answered }

// ServeHTTP starts a report and waits for it as long as the client does.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { s.answered <- struct{}{} }()
	printed := make(chan struct{})
	if s.fixed {
		go s.renderFor(r.Context(), printed)
	} else {
		go s.render(printed) // the bug: it does not know of the request
	}
	s.accepted <- struct{}{}
	select {
	case <-printed:
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
		http.Error(w, "client left", http.StatusRequestTimeout)
	}
}

// render prints a report, however long that takes.
func (s *Service) render(printed chan<- struct{}) {
	s.printer <- &job{page: make([]byte, 32<<10)}
	close(printed)
}

// renderFor prints a report unless ctx is done before.
func (s *Service) renderFor(ctx context.Context, printed chan<- struct{}) {
	select {
	case s.printer <- &job{page: make([]byte, 32<<10)}:
		close(printed)
	case <-ctx.Done():
	}
}
