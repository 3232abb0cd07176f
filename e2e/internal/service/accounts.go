package service

import (
	"net/http"
	"strings"
)

// account is who holds a credential.
type account struct {
	user, tenant, plan string
	// scopes are those of an access token.
	scopes string
}

// fullScope is what a token gets if its client does not ask for less.
const fullScope = "mcp:query generate"

var (
	alice = account{user: User, tenant: "acme", plan: "free", scopes: fullScope}
	bob   = account{user: "bob", tenant: "globex", plan: "pro", scopes: fullScope}
)

// byKey and byToken are the holders of API keys and of access tokens.
var (
	byKey = map[string]account{
		APIKey: alice, BobsKey: bob, CarolsKey: {user: "carol", plan: "free"}, DanasKey: {user: "dana", plan: "pro"},
	}
	byToken = map[string]account{
		Token: alice, BobsToken: bob, ReadToken: {user: User, tenant: "acme", plan: "free", scopes: "mcp:query"},
	}
)

// sessionCookie is the name of the cookie of a session.
const sessionCookie = "session"

// callerOf returns who sent a request. presented tells that it has a credential, right or
// wrong.
func (s *Service) callerOf(r *http.Request) (who account, known, presented bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		who, known = byToken[strings.TrimSpace(token)]
	}
	key := r.Header.Get("X-Api-Key")
	if !known {
		who, known = byKey[key]
	}
	cookie, err := r.Cookie(sessionCookie)
	if !known && err == nil && s.grants.holds("session", cookie.Value) {
		who, known = alice, true
	}
	return who, known, scheme != "" || key != "" || err == nil
}

// login begins a session in a browser: the form's user and password for a cookie.
func (s *Service) login(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("user") != User || r.PostFormValue("password") != Password {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "wrong user or password"})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: s.grants.issue("session"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	w.WriteHeader(http.StatusNoContent)
}

// introspect tells a resource server about an access token (RFC 7662).
func introspect(w http.ResponseWriter, r *http.Request) {
	if id, secret, ok := r.BasicAuth(); !ok || id != ClientID || secret != ClientSecret {
		w.Header().Set("WWW-Authenticate", `Basic realm="demo"`)
		writeTokenError(w, r, http.StatusUnauthorized, "invalid_client")
		return
	}
	who, active := byToken[r.PostFormValue("token")]
	noStore(w)
	if !active {
		writeJSON(w, http.StatusOK, map[string]bool{"active": false})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"active": true, "sub": who.user, "tenant": who.tenant, "plan": who.plan, "scope": who.scopes,
		"aud": "http://" + r.Host + "/mcp",
	})
}
