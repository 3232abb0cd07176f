package e2e

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// holder is a service that keeps each request until it is let go, or leaves.
type holder struct {
	address string

	mu           sync.Mutex
	inside, most int
	gate         chan struct{} // closed to let go who is inside
}

// What happens to a request, by the chaos header.
const (
	streamHeld = "stream"       // it is answered piece by piece: one before it is let go
	breakHeld  = "break"        // the connection breaks when it is let go
	breakBody  = "stream-break" // both
	passThis   = "pass"         // it is not held
)

func startHolder(t *testing.T) *holder {
	t.Helper()
	h := &holder{gate: make(chan struct{})}
	server := httptest.NewServer(h)
	h.address = server.Listener.Addr().String()
	t.Cleanup(func() {
		h.letGo()
		server.CloseClientConnections()
		server.Close()
	})
	return h
}

func (h *holder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	how := r.Header.Get(chaos)
	if how == passThis || r.URL.Path == "/healthz" {
		return
	}
	gate := h.enter()
	defer h.leave()
	if how == streamHeld || how == breakBody {
		beginAnswer(w, http.StatusOK, "a piece\n")
	}
	select {
	case <-gate:
	case <-r.Context().Done():
	}
	if how == breakHeld || how == breakBody {
		panic(http.ErrAbortHandler)
	}
}

func (h *holder) enter() (gate chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inside++
	h.most = max(h.most, h.inside)
	return h.gate
}

func (h *holder) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inside--
}

// letGo ends the held requests; later ones are held again.
func (h *holder) letGo() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.gate)
	h.gate = make(chan struct{})
}

// seen returns how many are inside, and the most that ever were.
func (h *holder) seen() (inside, most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inside, h.most
}
