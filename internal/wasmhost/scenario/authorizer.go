package scenario

import (
	"net/url"
	"sync"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// AuthCluster is where the authorization server of scenarios is.
const AuthCluster = "auth"

// Authorizer is the authorization server of a scenario. It is safe for concurrent
// use.
type Authorizer struct {
	says, has map[string][]wasmhost.Response

	mu    sync.Mutex
	asked map[string]int // by token, or path
}

// NewAuthorizer returns a server that nobody has asked yet.
func NewAuthorizer(s Scenario) *Authorizer {
	return &Authorizer{says: s.Says, has: s.Has, asked: map[string]int{}}
}

// Answer answers an introspection by what the scenario says of its token: one
// answer after the other, and then the last one again.
func (a *Authorizer) Answer(body []byte) wasmhost.Response {
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("token_type_hint") != "access_token" {
		return wasmhost.Response{Status: 400}
	}
	return a.next(form.Get("token"), a.says, introspection(`{"active":false}`))
}

// Get answers a request for a path.
func (a *Authorizer) Get(path string) wasmhost.Response {
	return a.next(path, a.has, wasmhost.Response{Status: 404})
}

// next returns the next answer about a token or path, or another one if there is none.
func (a *Authorizer) next(name string, answers map[string][]wasmhost.Response, otherwise wasmhost.Response) wasmhost.Response {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.asked[name]
	a.asked[name]++
	if list := answers[name]; len(list) > 0 {
		return list[min(n, len(list)-1)]
	}
	return otherwise
}

// introspection is an answer of the authorization server.
func introspection(body string) wasmhost.Response {
	return wasmhost.Response{Status: 200, Headers: [][2]string{{"content-type", "application/json"}}, Body: [][]byte{[]byte(body)}}
}

// noAnswer is what Envoy makes up where there is none.
func noAnswer(status int) wasmhost.Response { return wasmhost.Response{Status: status} }
