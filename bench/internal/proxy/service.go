package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Service is what stands behind a proxy, in this process, so that its work is not counted as
// the proxy's. It reads each request to its end before it answers.
type Service struct {
	Address string
	server  *http.Server
}

// StartService starts a service that answers a body with JSON.
func StartService(answer func(body []byte) string) (*Service, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Service{Address: l.Addr().String(), server: &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // a proxy that has ended is missed elsewhere
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answer(body))
		}),
	}}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Stop ends the service.
func (s *Service) Stop() {
	if err := s.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		panic(err)
	}
}
