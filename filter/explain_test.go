package filter

import (
	"fmt"
	"strings"
	"testing"
)

// explained sends a request through a filter and explains it.
func explained(t *testing.T, config string, headers ...string) (Explanation, *fakeHost) {
	t.Helper()
	f, host := newFilter(t, config)
	host.request = hdr(headers...)
	sent := append([]Header(nil), host.request...)
	s := f.NewStream()
	s.RequestHeaders(host, true)
	return s.Explain(host, sent), host
}

// Where each reading of a path leads, what came before what, and what owns it.
func TestExplainsPaths(t *testing.T) {
	const config = `{"exempt": [{"path": "/a/open"}], "surfaces": [
		{"name": "inner", "kind": "api", "match": [{"path": "/x"}, {"prefix": "/a/b"}]},
		{"name": "outer", "kind": "api", "match": [{"prefix": "/a"}]}]}`
	for _, row := range []struct{ path, want string }{
		{"/a/b?q", "0 false false: /a/b -1 [{0 1} {1 0}]"},
		{"/A/c/", "1 false false: /A/c/ -1 [{1 0}]"},
		{"/a/open", "-1 false false: /a/open 0 [{1 0}]"},
		{"/a/Open", "1 false false: /a/Open -1 [{1 0}]"},
		{"/z", "-1 false false: /z -1 []"},
		{"/x;/../a/b", "0 false false: "},
		{"/x/../a", "1 false false: /a -1 [{1 0}], /x/../a -1 []"},
		{"/a/b/../c", "-1 true false: /a/c -1 [{1 0}], /a/b/../c -1 [{0 1} {1 0}]"},
		{"/a/." + strings.Repeat("/", maxDressed), "-1 true true: "},
	} {
		e, _ := explained(t, config, ":method", "GET", ":path", row.path)
		var readings []string
		for i, r := range e.Path.Readings {
			if i == 0 || r.Path != e.Path.Readings[0].Path {
				readings = append(readings, fmt.Sprint(r.Path, " ", r.Exempt, " ", r.Matches))
			}
		}
		got := fmt.Sprint(e.Surface, " ", e.Path.Ambiguous, " ", e.Path.TooLong, ": ", strings.Join(readings, ", "))
		if !strings.HasPrefix(got, row.want) {
			t.Errorf("%.40s: got %s, want %s", row.path, got, row.want)
		}
	}
}

// The walk that is shown is the walk that was gone.
func TestExplainsWalks(t *testing.T) {
	for _, row := range []struct{ source, forwarded, want string }{
		{"xff", "9.9.9.9, 203.0.113.7 ,10.1.1.1", "203.0.113.7: 10.1.1.1 true, 203.0.113.7 false"},
		{"xff", "9.9.9.9, junk,10.1.1.1", "10.1.1.1: 10.1.1.1 true, junk false"},
		{"xff", "10.0.0.2,10.1.1.1", "10.0.0.2: 10.1.1.1 true, 10.0.0.2 true"},
		{"xff", "", "192.0.2.1:  false"},
		{"xff-first", "203.0.113.7, junk", "203.0.113.7: junk false"},
		{"envoy", "203.0.113.7", "192.0.2.1: 203.0.113.7 false"},
	} {
		e, _ := explained(t, `{"client": {"source": "`+row.source+`", "trusted_proxies": ["10.0.0.0/8"]}}`,
			":method", "GET", ":path", "/mcp", "x-forwarded-for", row.forwarded)
		var hops []string
		for _, h := range e.Client.Hops {
			hops = append(hops, fmt.Sprint(strings.TrimSpace(h.Entry), " ", h.Trusted))
		}
		if got := fmt.Sprint(e.Client.Address, ": ", strings.Join(hops, ", ")); got != row.want {
			t.Errorf("%s %q: got %s, want %s", row.source, row.forwarded, got, row.want)
		}
	}
}

// What is explained has nothing of the secret.
func TestExplainsCredentials(t *testing.T) {
	for _, row := range []struct{ name, value, want string }{
		{"authorization", "Bearer abc", "{true [{authorization false Bearer 3}] true 0 false}"},
		{"authorization", "Bearer", "{false [] false 0 false}"},
		{"authorization", "Bearer abc, Basic x", "{true [{authorization false  19}] false 0 false}"},
		{"x-api-key", "abc", "{true [{x-api-key false  3}] true 0 false}"},
		{"cookie", `a=b; session="abcd"`, "{true [{session true  4}] true 0 false}"},
	} {
		e, _ := explained(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]}}`,
			":method", "GET", ":path", "/mcp", row.name, row.value)
		if got := fmt.Sprint(e.Credential); got != row.want {
			t.Errorf("%s: %s: got %s, want %s", row.name, row.value, got, row.want)
		}
	}
}

// To explain changes nothing: neither what is counted nor what is answered.
func TestExplainingIsLooking(t *testing.T) {
	const config = `{"quotas": [{"name": "q", "per": ["client", "path"], "limit": 3, "window": "1m"}],
		"concurrency": [{"name": "c", "per": "identity", "limit": 2}],
		"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}],
			"lockout": {"failures": 2, "known_good": {"for": "1h"}, "wide": {"failures": 9}, "stuffing": {"credentials": 2},
				"keys": [{"per": ["credential"], "failures": 9}]}}]}`
	f, host := newFilter(t, config)
	host.request = hdr(":method", "GET", ":path", "/a", "authorization", "Bearer x")
	s := f.NewStream()
	s.RequestHeaders(host, true)
	before := fmt.Sprint(host.data)
	e := s.Explain(host, host.request)
	if after := fmt.Sprint(host.data); after != before || len(host.replies) > 0 {
		t.Errorf("changed\n%s\nto\n%s", before, after)
	}
	if q := e.Quotas[0]; q.Standing != Applies || q.Cost != 1 || q.Left != 2 || q.Path != "/a" {
		t.Errorf("the quota: %+v", q)
	}
	if taken := e.InFlight[0].Taken; taken != 1 {
		t.Errorf("%d in flight", taken)
	}
	host.response = hdr(":status", "401")
	s.ResponseHeaders(host, true)
	s.Done(host)
	e = s.Explain(host, host.request)
	if l := e.Lockout; l.Client.Count != 1 || l.Network.Count != 1 || l.Stuffing.Count != 1 || l.Attempts[0].Count != 1 || e.InFlight[0].Taken != 0 {
		t.Errorf("after a failure: %+v, %+v", l, e.InFlight)
	}
}

// The walk through X-Forwarded-For is on the request path.
func TestWalkAllocatesNothing(t *testing.T) {
	headers := hdr(":path", "/", forwardedFor, "9.9.9.9, 10.2.2.2", "x", "y", forwardedFor, "10.1.1.1, 10.1.1.2")
	if n := testing.AllocsPerRun(100, func() { walkForwarded(headers, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
