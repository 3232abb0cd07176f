package filter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
)

// preflightOf returns the headers of a CORS preflight.
func preflightOf(path string, more ...string) []proxy.Header {
	return with(hdr(":method", "OPTIONS", ":path", path, "origin", "https://x", "access-control-request-method", "PUT"), more...)
}

// A browser sends the query with a preflight. It is let in like any other, but it is no
// way to guess.
func TestPreflightWithKeyInQuery(t *testing.T) {
	const config = `{"identity": [{"source": "headers", "subject": "x-user"}],
		"quotas": [{"name": "q", "per": ["client"], "limit": 1, "window": "1m"}],
		"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "require": true, "lockout": {"failures": 2, "window": "1m"}}]}`
	f, host := newFilter(t, config)
	keyed := preflightOf("/a?api_key=k")
	for range 3 {
		exchange(f, host, keyed, hdr(":status", "204"))
	}
	if len(host.Replies) > 0 {
		t.Fatalf("refused where an identity is required, or by a quota: %+v", host.Replies)
	}
	exchange(f, host, preflightOf("/a?api_key=k", "authorization", "Bearer t"), nil)
	if len(host.Replies) != 1 || host.Replies[0].Status != 401 {
		t.Fatalf("with a credential in a header, too: %+v", host.Replies)
	}
	exchange(f, host, keyed, hdr(":status", "401")) // the second failure
	host.Forget()
	for _, row := range []struct {
		request []proxy.Header
		refused bool
	}{
		{keyed, true}, {preflightOf("/a"), false}, {preflightOf("/a?api_key=undefined"), false}, {preflightOf("/a?page=2"), false},
	} {
		exchange(f, host, row.request, hdr(":status", "204"))
		if refused := len(host.Replies) == 1; refused != row.refused || refused && host.Replies[0].Status != 429 {
			t.Errorf("%v: %+v", row.request, host.Replies)
		}
		host.Forget()
	}
}

func TestExplainPreflightWithKey(t *testing.T) {
	const config = `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]}]}`
	preflight := []string{":method", "OPTIONS", "origin", "https://x", "access-control-request-method", "PUT", ":path"}
	for _, row := range []struct {
		more      []string
		preflight bool
		standing  report.Standing
	}{
		{[]string{"/a"}, true, report.OnlyPreflight},
		{[]string{"/a?api_key=null"}, true, report.OnlyPreflight},
		{[]string{"/a?api_key=k"}, true, report.Applies},
		{[]string{"/a?api_key=k", "authorization", "Bearer t"}, false, report.Applies},
	} {
		e, _ := explained(t, config, append(preflight[:len(preflight):len(preflight)], row.more...)...)
		if e.Preflight != row.preflight || e.Lockout.Standing != row.standing {
			t.Errorf("%v: preflight %v, lockout %v", row.more, e.Preflight, e.Lockout.Standing)
		}
	}
}

// A preflight that holds a place under a limit gives it back.
func TestPreflightWithKeyTakesPlace(t *testing.T) {
	f, host := newFilter(t, `{"concurrency": [{"name": "c", "per": "all", "limit": 1}],
		"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"failures": 0}}]}`)
	host.Request = preflightOf("/a?api_key=k")
	s := f.NewStream()
	if s.RequestHeaders(true) != proxy.Continue {
		t.Fatalf("%+v", host.Replies)
	}
	exchange(f, host, preflightOf("/a?api_key=k"), nil)
	if len(host.Replies) != 1 || host.Replies[0].Status != 503 {
		t.Fatalf("%+v", host.Replies)
	}
	host.Forget()
	s.Done()
	exchange(f, host, preflightOf("/a?api_key=k"), hdr(":status", "204"))
	if len(host.Replies) > 0 {
		t.Errorf("%+v", host.Replies)
	}
}

// A credential in the query is known where the service has accepted it, and in no other
// place.
func TestAcceptedInQuery(t *testing.T) {
	f, host := newFilter(t, `{"credentials": {"headers": ["authorization", "api_key"], "cookies": ["api_key"]},
		"identity": [{"source": "accepted", "for": "10m"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`)
	verified := func(request []proxy.Header) bool {
		host.Request = request
		s := f.NewStream()
		s.RequestHeaders(true)
		defer s.Done()
		return s.identity.Verified
	}
	ok := hdr(":status", "200")
	exchange(f, host, get("/api?api_key=t%2f"), ok)
	exchange(f, host, with(get("/api"), "sec-websocket-protocol", "bearer.u"), ok)
	for _, row := range []struct {
		request []proxy.Header
		want    bool
	}{
		{get("/api?api_key=t/"), true},
		{get("/api?page=1&api_key=t%2F"), true},
		{get("/api?api_key=t"), false},
		{get("/api?access_token=t/"), false},
		{get("/api?api_key=t/&api_key=t/"), false},
		{get("/api?API_KEY=t/"), false},
		{with(get("/api"), "api_key", "t/"), false},
		{with(get("/api"), "cookie", "api_key=t/"), false},
		{with(get("/api"), "sec-websocket-protocol", "chat, bearer.u"), true},
		{with(get("/api"), "sec-websocket-protocol", "bearer, u"), true},
		{with(get("/api"), "sec-websocket-protocol", "bearer.v"), false},
		{with(get("/api?api_key=t/"), "sec-websocket-protocol", "bearer.u"), false},
		{with(get("/api"), "authorization", "Bearer u"), false},
	} {
		if got := verified(row.request); got != row.want {
			t.Errorf("%v is verified: %v", row.request, got)
		}
	}
}

// A credential that is known as good passes a lockout, in whatever spelling.
func TestKnownGoodInQuery(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}],
		"lockout": {"failures": 1, "window": "1m", "known_good": {"for": "1h"}}}]}`)
	exchange(f, host, get("/a?api_key=good"), hdr(":status", "200"))
	exchange(f, host, get("/a?api_key=bad"), hdr(":status", "401"))
	for path, refused := range map[string]bool{"/a?x&API_KEY=g%6fod": false, "/a?api_key=bad": true, "/a": true, "/a?access_token=good": true} {
		exchange(f, host, get(path), hdr(":status", "200"))
		if (len(host.Replies) == 1) != refused {
			t.Errorf("%s: %+v", path, host.Replies)
		}
		host.Forget()
	}
}

// Nothing that the filter says or keeps has a part of the query or of a WebSocket
// protocol.
func TestSecretsInQueryStaySecret(t *testing.T) {
	const secret = "s3cr3t"
	f, host := newFilter(t, `{"identity": [{"source": "accepted", "for": "1h"}],
		"quotas": [{"name": "q", "per": ["client", "path"], "limit": 2, "window": "1m"}],
		"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"failures": 2, "window": "1m",
			"known_good": {"for": "1h"}, "stuffing": {"credentials": 2, "action": "lock"},
			"keys": [{"per": ["credential"], "failures": 2, "action": "lock"}]}},
			{"name": "b", "kind": "api", "match": [{"prefix": "/b"}]}]}`)
	said := ""
	for i, answer := range []string{"200", "401", "401", "401"} {
		for _, request := range [][]proxy.Header{
			get(fmt.Sprint("/a?api_key=", secret, i)), with(get("/a"), "sec-websocket-protocol", "bearer."+secret), get("/b/..%2fa?api_key=" + secret),
		} {
			s := exchange(f, host, request, hdr(":status", answer))
			said += fmt.Sprintf("%+v", s.Explain(request))
		}
	}
	f.Flush()
	for _, r := range host.Replies {
		said += fmt.Sprintf("%+v", *r)
	}
	said += fmt.Sprintf("%+v", host)
	if len(host.Replies) == 0 {
		t.Error("nothing was refused")
	}
	said = strings.ReplaceAll(said, fmt.Sprintf("%+v", host.Request), "") // the request itself
	if strings.Contains(said, secret) {
		i := strings.Index(said, secret)
		t.Errorf("...%s", said[max(i-200, 0):i+len(secret)])
	}
}
