package gauntlet

import (
	"context"
	"encoding/base64"
	"fmt"
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
	// Browser keeps those that share an address apart: each has connections of its own.
	Browser int
	// Call makes it a call of a procedure, and Path and Form nothing.
	Call Call
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
	c, err := h.client(source, s.H2, s.Browser)
	if err != nil {
		return 0, err
	}
	header := s.header()
	if forwarded != "" {
		header.Set("X-Forwarded-For", forwarded)
	}
	if s.Call != NoCall {
		return call(ctx, c, h.address(s), s, header)
	}
	request, err := h.request(ctx, s)
	if err != nil {
		return 0, err
	}
	request.Header = header
	response, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode, err
}

func (h *httpSender) address(s Shot) string {
	if s.H2 {
		return h.h2
	}
	return h.h1
}

func (h *httpSender) request(ctx context.Context, s Shot) (*http.Request, error) {
	method := http.MethodGet
	var body io.Reader
	if s.Form != "" {
		method, body = http.MethodPost, strings.NewReader(s.Form)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+h.address(s), body)
	if err != nil {
		return nil, err
	}
	// net/url would tidy up the path.
	request.URL.Opaque = s.path()
	return request, nil
}

func (s Shot) header() http.Header {
	h := http.Header{}
	if s.Form != "" {
		h.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if s.Auth != "" {
		h.Set("Authorization", s.Auth)
	}
	if s.Decoy != "" {
		// net/http sends headers in the order of their bytes, capitals first.
		h.Del("Authorization")
		h["authorization"] = []string{s.Auth}
		h.Set("X-Api-Key", s.Decoy)
	}
	h.Set(markHeader, string(s.Mark))
	return h
}

func (s Shot) path() string {
	if s.Path == "" {
		return "/api/v1/items"
	}
	return s.Path
}

// client returns the one that sends from source for a browser.
func (h *httpSender) client(source string, h2 bool, browser int) (*http.Client, error) {
	protocol := client.HTTP1
	if h2 {
		protocol = client.HTTP2
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := fmt.Sprint(protocol, source, browser)
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
