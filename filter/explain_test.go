package filter

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// explained passes a request through a filter and explains it.
func explained(t *testing.T, config string, headers ...string) (Explanation, *fakehost.Host) {
	t.Helper()
	f, host := newFilter(t, config)
	host.Request = hdr(headers...)
	sent := append([]proxy.Header(nil), host.Request...)
	s := f.NewStream()
	s.RequestHeaders(true)
	return s.Explain(sent), host
}

// TestExplainsCredentials shows that an explanation has nothing of the secret.
func TestExplainsCredentials(t *testing.T) {
	for _, row := range []struct{ name, value, want string }{
		{"authorization", "Bearer abc", "{true [{authorization 0 Bearer 3}] true} 0 false"},
		{"authorization", "Bearer", "{false [] false} 0 false"},
		{"authorization", "Bearer abc, Basic x", "{true [{authorization 0  19}] false} 0 false"},
		{"x-api-key", "abc", "{true [{x-api-key 0  3}] true} 0 false"},
		{"cookie", `a=b; session="abcd"`, "{true [{session 1  4}] true} 0 false"},
	} {
		e, _ := explained(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]}}`,
			":method", "GET", ":path", "/mcp", row.name, row.value)
		if got := fmt.Sprint(e.Credential, e.Accounts, e.Options); got != row.want {
			t.Errorf("%s: %s: got %s, want %s", row.name, row.value, got, row.want)
		}
	}
	e, _ := explained(t, `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"keys": [{"per": ["account"], "failures": 3}]}}]}`,
		":method", "OPTIONS", ":path", "/a", "authorization", basic("ann", "secret"))
	if got := fmt.Sprint(e.Credential, e.Accounts, e.Options); got != "{true [{authorization 0 Basic 16}] true} 1 true" {
		t.Errorf("an account: %s", got)
	}
}

// TestExplainingIsLooking shows that an explanation changes neither the counters nor the reply.
func TestExplainingIsLooking(t *testing.T) {
	const config = `{"quotas": [{"name": "q", "per": ["client", "path"], "limit": 3, "window": "1m"}],
		"concurrency": [{"name": "c", "per": "identity", "limit": 2}],
		"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}],
			"lockout": {"failures": 2, "known_good": {"for": "1h"}, "wide": {"failures": 9}, "stuffing": {"credentials": 2},
				"keys": [{"per": ["credential"], "failures": 9}]}}]}`
	f, host := newFilter(t, config)
	host.Request = hdr(":method", "GET", ":path", "/a", "authorization", "Bearer x")
	s := f.NewStream()
	s.RequestHeaders(true)
	before := fmt.Sprint(host.Data)
	e := s.Explain(host.Request)
	if after := fmt.Sprint(host.Data); after != before || len(host.Replies) > 0 {
		t.Errorf("changed\n%s\nto\n%s", before, after)
	}
	if q := e.Quotas[0]; q.Standing != report.Applies || q.Cost != 1 || q.Left != 2 || q.Path != "/a" {
		t.Errorf("the quota: %+v", q)
	}
	if taken := e.InFlight[0].Taken; taken != 1 {
		t.Errorf("%d in flight", taken)
	}
	host.Response = hdr(":status", "401")
	s.ResponseHeaders(true)
	s.Done()
	e = s.Explain(host.Request)
	if l := e.Lockout; l.Client.Count != 1 || l.Network.Count != 1 || e.Attempt.Stuffing.Count != 1 || e.Attempt.Attempts[0].Count != 1 || e.InFlight[0].Taken != 0 {
		t.Errorf("after a failure: %+v, %+v, %+v", l, e.Attempt, e.InFlight)
	}
}

// TestExplainsWhatNoRoomDecided shows that requests that no room decided about are explained,
// too.
func TestExplainsWhatNoRoomDecided(t *testing.T) {
	const config = `{"identity": [{"source": "headers", "subject": "x-user"}], "oauth": {"resource": "https://h", "authorization_servers": ["https://as"]},
		"quotas": [{"name": "q", "per": ["client"], "limit": 3, "window": "1m"}], "concurrency": [{"name": "c", "per": "all", "limit": 2}],
		"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "require": true}, {"name": "b", "kind": "mcp", "match": [{"prefix": "/b"}]}]}`
	for _, row := range []struct{ name, method, path, want string }{
		{"no surface", "GET", "/x", "surface -1 preflight false document false said [] required false quotas 0 in flight 0"},
		{"a document", "GET", "/.well-known/oauth-protected-resource", "surface -1 preflight false document true said [] required false quotas 0 in flight 0"},
		{"ambiguous", "GET", "/b/..%2fa", "surface -1 preflight false document false said [] required false quotas 0 in flight 0"},
		{"a preflight", "OPTIONS", "/a", "surface 0 preflight true document false said [0] required true quotas 1 in flight 1"},
		{"a request", "GET", "/b", "surface 1 preflight false document false said [0] required false quotas 1 in flight 1"},
	} {
		e, _ := explained(t, config, ":method", row.method, ":path", row.path, "origin", "https://x", "access-control-request-method", "GET")
		if got := fmt.Sprintf("surface %d preflight %v document %v said %d required %v quotas %d in flight %d", e.Surface, e.Preflight,
			e.Document, e.Identity.Said, e.Identity.Required, len(e.Quotas), len(e.InFlight)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
