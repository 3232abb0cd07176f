package scenario

import (
	"net/url"
	"strings"
	"sync"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// AuthCluster is where the authorization server of scenarios is, and their quota service.
const AuthCluster = "auth"

// Authorizer is the authorization server of a scenario, and its quota service. It is safe
// for concurrent use.
type Authorizer struct {
	says, has map[string][]wasmhost.Response
	bank      *bank

	mu    sync.Mutex
	asked map[string]int // by token, or path
}

// NewAuthorizer returns a server that nobody has asked yet.
func NewAuthorizer(s Scenario) *Authorizer {
	return &Authorizer{says: s.Says, has: s.Has, bank: newBank(s.Funds), asked: map[string]int{}}
}

// Serve answers a request.
func (a *Authorizer) Serve(method, path string, body []byte) wasmhost.Response {
	if rest, found := strings.CutPrefix(path, bankPath); found {
		return a.bank.answer(rest, body)
	}
	if method == "GET" {
		return a.next(path, a.has, wasmhost.Response{Status: 404})
	}
	return a.introspect(body)
}

// introspect answers an introspection by what the scenario says of its token: one
// answer after the other, and then the last one again.
func (a *Authorizer) introspect(body []byte) wasmhost.Response {
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("token_type_hint") != "access_token" {
		return wasmhost.Response{Status: 400}
	}
	return a.next(form.Get("token"), a.says, introspection(`{"active":false}`))
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
func introspection(body string) wasmhost.Response { return answerJSON(200, body) }

func answerJSON(status int, body string) wasmhost.Response {
	return wasmhost.Response{Status: status, Headers: [][2]string{{"content-type", "application/json"}}, Body: [][]byte{[]byte(body)}}
}

// noAnswer is what Envoy makes up where there is none.
func noAnswer(status int) wasmhost.Response { return wasmhost.Response{Status: status} }
