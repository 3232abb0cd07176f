package filter

import (
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// TestReset shows that a stream that is used again is like a new one, whatever its request was
// before and however far it came.
func TestReset(t *testing.T) {
	const config = `{"allow_on_headers_stop_iteration": true, "bypass": {"roles": ["admin"]},
		"identity": [{"source": "headers", "subject": "x-user", "roles": "x-roles"}],
		"concurrency": [{"name": "c", "per": "identity", "limit": 9}, {"name": "watching", "per": "all", "limit": 1, "mode": "shadow"}],
		"quotas": [{"name": "q", "per": ["client"], "limit": 8, "window": "1m", "surfaces": ["rest", "login"]}, {"name": "w", "per": ["client"], "limit": 2, "window": "1m", "mode": "shadow"}],
		"surfaces": [
			{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "pending": 1, "wide": {"failures": 9}, "reset_on_success": true,
			 "stuffing": {"credentials": 2, "action": "lock"}, "keys": [{"per": ["account"], "failures": 1}]}},
			{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true, "lockout": {"failures": 2}},
			{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}]},
			{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}], "lockout": {"account_fields": ["user"], "spraying": {"clients": 2, "action": "slow"}}}]}`
	form := hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
	requests := []struct {
		headers []proxy.Header
		body    string // "": none
		whole   bool   // all of the body arrives
		status  string // "": no response
	}{
		{with(get("/api"), "authorization", basic("ann", "x"), "x-user", "ann"), "", true, "401"},
		{get("/elsewhere"), "", true, "401"},
		{form, "user=a", false, ""},
		{hdr(":method", "POST", ":path", "/api", "content-type", "application/json"), "user=carol", true, "200"},
		{form, "user=bob", true, "401"},
		{hdr(":method", "POST", ":path", "/mcp", "authorization", "x"), `{"id":1`, false, ""},
		{hdr(":method", "POST", ":path", "/mcp", "authorization", "y", "origin", "https://x"), `{"id":1}`, true, ""},
		{get("/mcp"), "", true, ""},
		{with(get("/api"), "x-user", "ann", "x-roles", "admin", "x-gatewarden-bypass", "true"), "", true, "200"},
		{get("/api"), "", true, "200"},
		{hdr(":method", "POST", ":path", "/token"), "", true, "400"},
		{hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc", "authorization", "x"), "", true, "200"},
		{get("/mcp/..%2fapi"), "", true, ""},
		{hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET"), "", true, "204"},
	}
	play := func(next func(f *Filter, s *Stream) *Stream) *fakehost.Host {
		f, host := newFilter(t, config)
		s := f.NewStream()
		for i := range 4 * len(requests) {
			step := [...]int{1, 3, 5, 9}[i/len(requests)] // so that each request comes after several others
			r := requests[i*step%len(requests)]
			host.Time += 500
			host.Request, host.RequestData, host.Response = append([]proxy.Header(nil), r.headers...), []byte(r.body), hdr(":status", r.status)
			s = next(f, s)
			action := s.RequestHeaders(r.body == "")
			if r.body != "" {
				action = s.RequestBody(len(r.body), r.whole)
			}
			if r.status != "" && action == proxy.Continue {
				s.ResponseHeaders(true)
			}
			s.Done()
		}
		f.Flush()
		return host
	}
	want := play(func(f *Filter, _ *Stream) *Stream { return f.NewStream() })
	got := play(func(_ *Filter, s *Stream) *Stream { s.Reset(); return s })
	for i := range want.Calls {
		if i >= len(got.Calls) || got.Calls[i] != want.Calls[i] {
			t.Fatalf("call %d is not %s: %q", i+1, want.Calls[i], got.Calls[max(0, i-20):min(len(got.Calls), i+1)])
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if len(want.Replies) < 5 {
		t.Errorf("only %d replies: the test shows little", len(want.Replies))
	}
}
