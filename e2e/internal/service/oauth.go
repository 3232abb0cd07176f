package service

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

func (s *Service) routeOAuth(mux *http.ServeMux) {
	mux.HandleFunc("GET /oauth/authorize", consentForm)
	mux.HandleFunc("POST /oauth/authorize", s.consent)
	mux.HandleFunc("POST /oauth/token", s.token)
	mux.HandleFunc("POST /oauth/introspect", introspect)
	mux.HandleFunc("POST /oauth/register", register)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", authorizationServer)
}

const form = `<!doctype html>
<title>Sign in</title>
<form method="post">
  <label>User <input name="user" autocomplete="username"></label>
  <label>Password <input name="password" type="password" autocomplete="current-password"></label>
  <button>Allow</button>
</form>
`

func consentForm(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, form)
}

// consent is the form's target. A wrong password is answered with 401, or with
// 422 when the request asks for that (?wrong=422): both are common.
func (s *Service) consent(w http.ResponseWriter, r *http.Request) {
	redirect, err := url.Parse(r.FormValue("redirect_uri"))
	if err != nil || redirect.Scheme == "" {
		http.Error(w, "redirect_uri is missing", http.StatusBadRequest)
		return
	}
	if r.FormValue("user") != User || r.FormValue("password") != Password {
		status := http.StatusUnauthorized
		if r.URL.Query().Get("wrong") == "422" {
			status = http.StatusUnprocessableEntity
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<p>Wrong user or password.</p>\n"+form)
		return
	}
	query := redirect.Query()
	query.Set("code", s.grants.issue("code"))
	if state := r.FormValue("state"); state != "" {
		query.Set("state", state)
	}
	redirect.RawQuery = query.Encode()
	w.Header().Set("Location", redirect.String())
	w.WriteHeader(http.StatusFound)
}

// register accepts every client (RFC 7591) and forgets it.
func register(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusCreated, map[string]any{
		"client_id":                  ClientID,
		"client_secret":              ClientSecret,
		"client_secret_expires_at":   0,
		"token_endpoint_auth_method": "client_secret_basic",
	})
}

// authorizationServer is the RFC 8414 document, for the host that was asked.
func authorizationServer(w http.ResponseWriter, r *http.Request) {
	issuer := "http://" + r.Host
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/oauth/authorize",
		"token_endpoint":                        issuer + "/oauth/token",
		"registration_endpoint":                 issuer + "/oauth/register",
		"introspection_endpoint":                issuer + "/oauth/introspect",
		"scopes_supported":                      strings.Fields(fullScope),
		"response_types_supported":              []string{"code"},
		"grant_types_supported":                 grantTypes,
		"code_challenge_methods_supported":      []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	})
}

// grants are the codes, refresh tokens and sessions in circulation.
type grants struct {
	mu    sync.Mutex
	valid map[string]string // secret → what it is
}

// maxGrants keeps a demo that runs for days from growing: then all are void.
const maxGrants = 10_000

func newGrants() *grants { return &grants{valid: make(map[string]string)} }

func (g *grants) issue(kind string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.valid) >= maxGrants {
		clear(g.valid)
	}
	secret := rand.Text()
	g.valid[secret] = kind
	return secret
}

// redeem takes a grant out of circulation and tells whether it was valid.
func (g *grants) redeem(kind, secret string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.valid[secret] != kind {
		return false
	}
	delete(g.valid, secret)
	return true
}

// holds tells whether a grant is in circulation.
func (g *grants) holds(kind, secret string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.valid[secret] == kind
}
