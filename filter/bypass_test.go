package filter

import (
	"strconv"
	"strings"
	"testing"
)

const bypassConfig = `{"log": {"client": "full", "per_second": 2}, "identity": [{"source": "headers", "subject": "x-user", "tenant": "x-org", "roles": "x-roles"}],
	"bypass": {"roles": ["admin"]}, "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]}]}`

func asking(user string) []Header {
	return hdr(":method", "GET", ":path", "/a", "x-user", user, "x-org", "acme", "x-roles", "admin", "x-gatewarden-bypass", "true")
}

// The log has a budget of its own for uses, and the counter has all of them.
func TestEveryUseOfTheBypassIsCounted(t *testing.T) {
	f, host := newFilter(t, bypassConfig)
	for range 5 {
		exchange(f, host, asking("alice"), hdr(":status", "200"))
	}
	f.Flush(host)
	if got := host.value(t, "gatewarden_bypass_total.surface.a.outcome.used"); got != 5 {
		t.Errorf("%d uses are counted, want 5", got)
	}
	if len(host.log) != 2 || host.value(t, "gatewarden_log_suppressed_total") != 3 {
		t.Errorf("%q", host.log)
	}
}

func TestWhoUsesTheBypass(t *testing.T) {
	for _, row := range []struct{ form, user, want string }{
		{"full", "alice", `gatewarden: bypass surface=a client=192.0.2.1 subject="alice" tenant="acme" role="admin"`},
		{"full", `a" role="x`, `gatewarden: bypass surface=a client=192.0.2.1 subject="a\" role=\"x" tenant="acme" role="admin"`},
		{"hash", "alice", ""},
		{"truncated", "alice", ""},
	} {
		f, host := newFilter(t, strings.Replace(bypassConfig, "full", row.form, 1))
		exchange(f, host, asking(row.user), hdr(":status", "200"))
		if len(host.log) != 1 || row.want != "" && host.log[0] != row.want {
			t.Errorf("%s: %q, want %s", row.form, host.log, row.want)
		}
		if row.want == "" && (strings.Contains(host.log[0], "alice") || strings.Contains(host.log[0], "acme") || !strings.Contains(host.log[0], "subject=")) {
			t.Errorf("%s: %q", row.form, host.log)
		}
	}
}

func TestWhatTheBypassCosts(t *testing.T) {
	f, host := newFilter(t, bypassConfig)
	exchange(f, host, hdr(":method", "GET", ":path", "/a", "x-user", "alice"), hdr(":status", "200"))
	if got, want := host.take(), "request headers, property source.address, get, response header :status"; got != want {
		t.Errorf("who does not ask: %s, want %s", got, want)
	}
}

// Who bypasses the limits spends nothing, and is told of none; without the role, or
// without the header, the request is limited as usual.
func TestBypassOfQuotas(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "headers", "subject": "x-user-id", "roles": "x-roles"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}], "bypass": {"roles": ["owner"]},
		"quotas": [{"name": "all", "per": ["subject"], "limit": 2, "window": "1m"}]}`)
	send := func(headers ...string) string {
		host.forget()
		exchange(f, host, append(get("/api"), hdr(headers...)...), hdr(":status", "200"))
		if len(host.replies) > 0 {
			return strconv.Itoa(host.replies[0].Status) + " " + first(host.replies[0].Headers, xRateLimitLeft)
		}
		return "200 " + first(host.response, xRateLimitLeft)
	}
	for i, row := range []struct {
		headers []string
		want    string
	}{
		{[]string{"x-user-id", "ann", "x-roles", "owner"}, "200 1"},
		{[]string{"x-user-id", "ann", "x-roles", "owner", "x-gatewarden-bypass", "true"}, "200 "},
		{[]string{"x-user-id", "ann", "x-gatewarden-bypass", "true"}, "428 1"},
		{[]string{"x-user-id", "ann", "x-roles", "owner"}, "200 0"},
		{[]string{"x-user-id", "ann", "x-roles", "owner"}, "429 0"},
		{[]string{"x-user-id", "ann", "x-roles", "owner", "x-gatewarden-bypass", "true"}, "200 "},
		{[]string{"x-gatewarden-bypass", "true"}, "200 1"},
		{[]string{"x-gatewarden-bypass", "true"}, "200 0"},
		{[]string{"x-gatewarden-bypass", "true"}, "429 0"},
	} {
		if got := send(row.headers...); got != row.want {
			t.Errorf("request %d, %v: %q, want %q", i+1, row.headers, got, row.want)
		}
	}
}
