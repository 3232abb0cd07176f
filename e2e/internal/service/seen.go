package service

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// counter counts what reaches the service. It counts a bounded number of paths, without
// their query: a scan must not fill the memory.
type counter struct {
	mu     sync.Mutex
	byKind map[string]int
	byPath map[string]int
}

const maxPaths = 1000

func newCounter() *counter {
	return &counter{byKind: make(map[string]int), byPath: make(map[string]int)}
}

func (c *counter) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/debug/seen" {
			c.add(kindOf(r), r.URL.Path)
		}
		next.ServeHTTP(w, r)
	})
}

func kindOf(r *http.Request) string {
	path := r.URL.Path
	switch {
	case path == "/mcp" || strings.HasPrefix(path, "/mcp/"):
		return "mcp"
	case strings.HasPrefix(path, "/api/v1/"):
		return "rest"
	case path == "/oauth/authorize":
		return "consent"
	case path == "/oauth/token":
		return "token"
	case strings.HasPrefix(path, grpcService):
		return "grpc"
	}
	return "other"
}

func (c *counter) add(kind, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byKind[kind]++
	if _, known := c.byPath[path]; known || len(c.byPath) < maxPaths {
		c.byPath[path]++
	}
}

func (c *counter) kinds() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.byKind)
}

func (c *counter) path(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byPath[path]
}

// metrics is what a Prometheus would scrape.
func (s *Service) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = io.WriteString(w, "# TYPE demo_requests_total counter\n")
	kinds := s.seen.kinds()
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		_, _ = fmt.Fprintf(w, "demo_requests_total{kind=%q} %d\n", kind, kinds[kind])
	}
}

// debugSeen is for those beside the service, not for those in front of Envoy,
// which marks every request it forwards.
func (s *Service) debugSeen(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Request-Id") != "" {
		http.NotFound(w, r)
		return
	}
	writeJSON(w, http.StatusOK, s.seen.kinds())
}
