package fleet

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Right is the credential that the backend accepts, as the header Authorization has it.
const Right = "Bearer right"

// Backend is the service behind the proxies. It lets everybody guess as often as they
// like, and keeps when each request came.
type Backend struct {
	// Address is host:port.
	Address string

	server   http.Server
	mu       sync.Mutex
	guesses  map[string][]time.Time // by client
	accepted map[string][]time.Time
}

func startBackend() (*Backend, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Backend{Address: listener.Addr().String(), guesses: map[string][]time.Time{}, accepted: map[string][]time.Time{}}
	b.server = http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := b.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("backend: %v", err)) // a listener of our own does not fail
		}
	}()
	return b, nil
}

// ServeHTTP implements http.Handler.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client := r.Header.Get("X-Client")
	right := r.Header.Get("Authorization") == Right
	b.mu.Lock()
	if right {
		b.accepted[client] = append(b.accepted[client], time.Now())
	} else {
		b.guesses[client] = append(b.guesses[client], time.Now())
	}
	b.mu.Unlock()
	if !right {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// Guesses are the times of a client's requests with another credential.
func (b *Backend) Guesses(client string) []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]time.Time(nil), b.guesses[client]...)
}

// Accepted are the times of a client's requests with the right credential.
func (b *Backend) Accepted(client string) []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]time.Time(nil), b.accepted[client]...)
}

// Stop ends the backend.
func (b *Backend) Stop() { _ = b.server.Close() }
