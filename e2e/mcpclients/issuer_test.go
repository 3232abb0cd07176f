package mcpclients

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
)

// An issuer is an authorization server that lets everybody in at once, with the scopes that
// were asked for. It gives tokens for codes with PKCE only, each for one resource, and answers
// introspections.
type issuer struct {
	*httptest.Server

	mu     sync.Mutex
	codes  map[string]url.Values // what each was asked for with
	tokens map[string]url.Values // the same
}

func startIssuer() *issuer {
	i := &issuer{codes: map[string]url.Values{}, tokens: map[string]url.Values{}}
	i.Server = httptest.NewServer(i)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/oauth-authorization-server":
		reply(w, http.StatusOK, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
			"token_endpoint_auth_methods_supported": []string{"none"},
		})
	case "/authorize":
		code := rand.Text()
		i.codes[code] = r.URL.Query()
		back := url.Values{"code": {code}, "state": {r.FormValue("state")}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	case "/token":
		i.token(w, r)
	case "/introspect":
		asked, active := i.tokens[r.FormValue("token")]
		reply(w, http.StatusOK, map[string]any{
			"active": active, "sub": r.FormValue("token"), "scope": asked.Get("scope"), "aud": asked.Get("resource"),
		})
	default:
		http.NotFound(w, r)
	}
}

// token gives a token for a code, once, to whoever asked for the code.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	asked, known := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	token := rand.Text()
	i.tokens[token] = asked
	reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": asked.Get("scope")})
}

// resources are those for which there are tokens.
func (i *issuer) resources() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := map[string]bool{}
	for _, asked := range i.tokens {
		all[asked.Get("resource")] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
