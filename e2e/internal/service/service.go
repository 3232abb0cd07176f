// Package service is the demo service that stands behind Envoy: a REST API, an
// MCP server, and the consent and token endpoints of an OAuth authorization
// server, on one port. It knows nothing of Gatewarden. Like the services that
// Gatewarden is made for, it checks credentials and lets everybody try as often
// as they like.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// The credentials that the service accepts. All others are wrong.
const (
	Token        = "demo-token"      // alice's
	ReadToken    = "demo-token-read" // hers, for the scope mcp:query alone
	BobsToken    = "demo-token-bob"
	APIKey       = "demo-key" // alice's
	BobsKey      = "demo-key-bob"
	CarolsKey    = "demo-key-carol"
	DanasKey     = "demo-key-dana"
	User         = "alice"
	Password     = "wonderland"
	ClientID     = "demo-client"
	ClientSecret = "demo-secret"
)

// Service is the demo service.
type Service struct {
	seen    *counter
	grants  *grants
	handler http.Handler
}

// New returns a service that has seen nothing yet.
func New() *Service {
	s := &Service{seen: newCounter(), grants: newGrants()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("GET /healthz", text(http.StatusOK, "ok\n"))
	mux.HandleFunc("GET /health", text(http.StatusOK, "ok\n"))
	mux.HandleFunc("GET /docs", text(http.StatusOK, "GET /api/v1/items, with a token or an API key.\n"))
	mux.HandleFunc("GET /openapi.json", openAPI)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /debug/seen", s.debugSeen)
	s.routeREST(mux)
	s.routeMCP(mux)
	s.routeOAuth(mux)
	routeGRPC(mux)
	s.handler = s.seen.count(mux)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Seen tells how many requests of each kind have reached the service: rest,
// mcp, consent, token, grpc, other.
func (s *Service) Seen() map[string]int { return s.seen.kinds() }

// SeenPath tells how many requests for path have reached the service.
func (s *Service) SeenPath(path string) int { return s.seen.path(path) }

// Server is a Service on a port.
type Server struct {
	*Service
	// Address is host:port.
	Address string

	http *http.Server
}

// Start serves s on address; port 0 lets the system choose. HTTP/1.1 and
// HTTP/2 without TLS are spoken on the same port.
func (s *Service) Start(address string) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &Server{
		Service: s,
		Address: listener.Addr().String(),
		http:    &http.Server{Handler: s, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() {
		if err := server.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("demo service: %v", err)) // a listener of our own does not fail
		}
	}()
	return server, nil
}

// Stop ends the server. Streams that are still open are cut off.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

func home(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "The demo service: /api/v1, /mcp, /oauth/authorize, /oauth/token\n")
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}
