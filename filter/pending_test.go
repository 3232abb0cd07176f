package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// onePending lets a client without failures have two attempts pending, and refuses an account
// and slows down a credential after a failure of theirs.
const onePending = `{"bypass": {"roles": ["admin"]}, "identity": [{"source": "headers", "subject": "x-user", "roles": "x-roles"}],
	"concurrency": [{"name": "few", "surfaces": ["full"], "per": "all", "limit": 1}],
	"quotas": [{"name": "all", "surfaces": ["spent"], "per": ["client"], "limit": 1, "window": "1m"}],
	"surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 1, "window": "1m", "pending": 1}},
	{"name": "keys", "kind": "api", "match": [{"prefix": "/keys"}], "lockout": {"pending": 1, "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]}},
	{"name": "slow", "kind": "api", "match": [{"prefix": "/slow"}], "lockout": {"pending": 1, "keys": [{"per": ["account"], "failures": 1}]}},
	{"name": "full", "kind": "api", "match": [{"prefix": "/full"}], "lockout": {"pending": 1}},
	{"name": "spent", "kind": "api", "match": [{"prefix": "/spent"}], "lockout": {"pending": 1}}]}`

// TestPending shows how many attempts of a client may be pending, and that the response to one
// makes room for another.
func TestPending(t *testing.T) {
	f, host := newFilter(t, onePending)
	attempt := func() (*Stream, string) {
		host.Forget()
		host.Request = with(get("/api"), "authorization", "x")
		s := f.NewStream()
		s.RequestHeaders(true)
		return s, details(host)
	}
	first, _ := attempt()
	if _, got := attempt(); got != "" {
		t.Errorf("the second attempt: %q", got)
	}
	for range 3 {
		_, got := attempt()
		if got != "gatewarden_rate_limited" || fakehost.First(host.Replies[0].Headers, "retry-after") != "1" {
			t.Fatalf("a further attempt: %q, %+v", got, host.Replies)
		}
	}
	host.Response = hdr(":status", "404")
	first.ResponseHeaders(true) // the stream is not done yet
	if _, got := attempt(); got != "" {
		t.Errorf("after a response: %q", got)
	}
	if sum(t, host, "gatewarden_rate_limited_requests_total.surface.rest.reason.rate_limited", f) != 3 {
		t.Error("the refusals are not counted")
	}
}

// TestCallsOfPendingAttempts holds the calls of the proxy that attempts cost that have a slot:
// a refused one gives its slot back at once, a passing one at its response.
func TestCallsOfPendingAttempts(t *testing.T) {
	const (
		begin   = "request headers, property source.address, get"
		slot    = ", get, now, get, get, set, get"                // the credential is not known as good; the slot
		asked   = ", now, get, now, get, get, set, get, now, get" // as slot after a failure, and a key
		release = ", now, get, set"
		refusal = ", reason, log, reply"
	)
	ann, bad := basic("ann", "x"), hdr(":status", "401")
	for _, row := range []struct {
		name, path string
		before     func(f *Filter, host *fakehost.Host)
		status     string // of the response, unless it is refused
		want       string
	}{
		{"a response", "/api", nil, "404", begin + slot + ", response header :status" + release},
		{"a success", "/api", nil, "200", begin + slot + ", response header :status, now, get, set" + release},
		{"a failure", "/api", nil, "401", begin + slot + ", response header :status, now, get, set, get, get, set, log" + release},
		{"a locked account", "/keys", func(f *Filter, host *fakehost.Host) {
			exchange(f, host, with(get("/keys"), "authorization", ann), bad)
		}, "", begin + asked + release + refusal},
		{"a turn of another request", "/slow", func(f *Filter, host *fakehost.Host) {
			exchange(f, host, with(get("/slow"), "authorization", ann), bad)
			exchange(f, host, with(get("/slow"), "authorization", ann), hdr(":status", "404"))
		}, "", begin + asked + release + refusal},
		{"over its quota", "/spent", func(f *Filter, host *fakehost.Host) {
			exchange(f, host, get("/spent"), hdr(":status", "404"))
		}, "", begin + slot + ", now, get, get, set" + refusal},
		{"no place", "/full", func(f *Filter, host *fakehost.Host) {
			host.Request = get("/full")
			f.NewStream().RequestHeaders(true)
		}, "", begin + slot + ", now, get, get, set" + refusal},
	} {
		f, host := newFilter(t, onePending)
		if row.before != nil {
			row.before(f, host)
		}
		host.Forget()
		host.Request, host.Response = with(get(row.path), "authorization", ann), hdr(":status", row.status)
		s := f.NewStream()
		if s.RequestHeaders(true) == proxy.Continue {
			s.ResponseHeaders(true)
		}
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
		if s.Done(); strings.Contains(taken(host), "set") {
			t.Errorf("%s: a slot was held until the end", row.name)
		}
	}
}
