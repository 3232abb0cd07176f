package foreignlogs

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// service answers as one that checks credentials does: 401, or the 400 of a token
// endpoint with the reason in its body.
func service(w http.ResponseWriter, r *http.Request) {
	secret := r.Header.Get("Authorization")
	switch {
	case r.URL.Path == "/oauth/token" && secret == "":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
	case secret != "Bearer right":
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// shot is one request of a client.
type shot struct {
	client, method, path, credential string
}

// The clients, by what they do.
const (
	guesser   = "127.7.0.1" // guesses, and others work behind the same address
	user      = "127.7.0.2" // mistypes, and then gets it right
	machine   = "127.7.0.3" // guesses at the token endpoint, and gets 401
	discovery = "127.7.0.4" // asks without a credential, as OAuth clients begin
	refresher = "127.7.0.5" // guesses at the token endpoint, and gets 400
	writer    = "127.7.0.6" // guesses, and writes quotes wherever a log has them
)

// attack is some seconds of guessing, one request after the other, with no request close
// to the beginning or end of a lockout.
func attack() (all []shot) {
	some := func(n int, s shot) {
		for range n {
			all = append(all, s)
		}
	}
	const items, token = "/api/v1/items", "/oauth/token"
	some(4, shot{guesser, http.MethodGet, items, "Bearer right"})
	some(12, shot{guesser, http.MethodGet, items, "Bearer wrong"})
	some(3, shot{guesser, http.MethodGet, items, "Bearer right"})
	some(3, shot{user, http.MethodGet, items, "Bearer wrong"})
	some(2, shot{user, http.MethodGet, items, "Bearer right"})
	some(9, shot{machine, http.MethodPost, token, "Basic d3Jvbmc6c2VjcmV0"})
	some(7, shot{discovery, http.MethodGet, items, ""})
	some(8, shot{refresher, http.MethodPost, token, ""})
	some(9, shot{writer, http.MethodGet, items + `?q="+200+1+"a\b{c}d%22`, "Bearer wrong"})
	return all
}

// play sends an attack to an address.
func play(ctx context.Context, address string) error {
	clients := map[string]*http.Client{}
	for _, s := range attack() {
		if clients[s.client] == nil {
			dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(s.client)}, Timeout: 5 * time.Second}
			transport := &http.Transport{DialContext: dialer.DialContext}
			defer transport.CloseIdleConnections()
			clients[s.client] = &http.Client{Transport: transport, Timeout: 10 * time.Second}
		}
		if err := s.send(ctx, clients[s.client], address); err != nil {
			return err
		}
	}
	return nil
}

func (s shot) send(ctx context.Context, client *http.Client, address string) error {
	path, query, _ := strings.Cut(s.path, "?")
	request := &http.Request{
		Method: s.method, Host: address, Header: http.Header{"User-Agent": {`a "b" 200 5 "-" \`}},
		URL: &url.URL{Scheme: "http", Host: address, Path: path, RawQuery: query},
	}
	if s.credential != "" {
		request.Header.Set("Authorization", s.credential)
	}
	response, err := client.Do(request.WithContext(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 500 {
		return fmt.Errorf("%s %s: %s", s.method, s.path, response.Status)
	}
	return nil
}
