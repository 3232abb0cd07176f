package gauntlet

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// Shot is one request.
type Shot struct {
	// From is the client's address.
	From string
	// Claims is what the client itself writes into X-Forwarded-For.
	Claims string
	// Path is sent as it is; the API if empty.
	Path string
	// Form makes it a POST.
	Form string
	Auth string
	// Decoy is a second credential, which stands before the first.
	Decoy string
	Mark  Mark
	// H2 sends it as a stream of the client's one HTTP/2 connection.
	H2 bool
}

func bearer(token string) string { return "Bearer " + token }

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// httpSender sends shots over the network.
type httpSender struct {
	edge   Edge
	h1, h2 string // addresses, host:port

	mu      sync.Mutex
	clients map[string]*http.Client
}

func newSender(edge Edge, h1, h2 string) *httpSender {
	return &httpSender{edge: edge, h1: h1, h2: h2, clients: map[string]*http.Client{}}
}

func (h *httpSender) send(ctx context.Context, s Shot) (int, error) {
	source, forwarded := s.From, s.Claims
	if h.edge == Hop {
		// The proxy in front, which everybody comes through, appends the
		// address that it sees.
		source, forwarded = "127.0.0.1", strings.TrimPrefix(s.Claims+", "+s.From, ", ")
	}
	c, err := h.client(source, s.H2)
	if err != nil {
		return 0, err
	}
	request, err := h.request(ctx, s)
	if err != nil {
		return 0, err
	}
	if forwarded != "" {
		request.Header.Set("X-Forwarded-For", forwarded)
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode, err
}

func (h *httpSender) request(ctx context.Context, s Shot) (*http.Request, error) {
	address, method := h.h1, http.MethodGet
	if s.H2 {
		address = h.h2
	}
	var body io.Reader
	if s.Form != "" {
		method, body = http.MethodPost, strings.NewReader(s.Form)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address, body)
	if err != nil {
		return nil, err
	}
	// net/url would tidy up the path.
	request.URL.Opaque = s.path()
	if s.Form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if s.Auth != "" {
		request.Header.Set("Authorization", s.Auth)
	}
	if s.Decoy != "" {
		// net/http sends headers in the order of their bytes, capitals first.
		request.Header.Del("Authorization")
		request.Header["authorization"] = []string{s.Auth}
		request.Header.Set("X-Api-Key", s.Decoy)
	}
	request.Header.Set(markHeader, string(s.Mark))
	return request, nil
}

func (s Shot) path() string {
	if s.Path == "" {
		return "/api/v1/items"
	}
	return s.Path
}

// client returns the one that sends from source.
func (h *httpSender) client(source string, h2 bool) (*http.Client, error) {
	protocol := client.HTTP1
	if h2 {
		protocol = client.HTTP2
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := protocol.String() + source
	if c := h.clients[key]; c != nil {
		return c, nil
	}
	c, err := client.New(source, protocol)
	if err != nil {
		return nil, err
	}
	if t, ok := c.Transport.(*http.Transport); ok {
		t.MaxIdleConnsPerHost = 256 // more than are in parallel
	}
	c.Timeout = 15 * time.Second
	h.clients[key] = c
	return c, nil
}

func (h *httpSender) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clients {
		c.CloseIdleConnections()
	}
}
