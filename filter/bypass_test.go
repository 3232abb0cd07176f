package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const bypassConfig = `{"log": {"client": "full", "per_second": 2}, "identity": [{"source": "headers", "subject": "x-user", "tenant": "x-org", "roles": "x-roles"}],
	"bypass": {"roles": ["admin"]}, "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]}]}`

// TestWhatTheBypassCosts holds the calls of the proxy that a request costs where there is a
// bypass, and what a bypass leaves in the log and the metrics.
func TestWhatTheBypassCosts(t *testing.T) {
	const before, after = "request headers, ", "property source.address, get"
	for _, row := range []struct{ name, ask, roles, want, metric string }{
		{"not asked for", "", "admin", before + after + ", response header :status", ""},
		{"asked for with no", "no", "admin", before + "remove request header x-gatewarden-bypass, " + after + ", response header :status", ""},
		{"used", "true", "admin", before + "remove request header x-gatewarden-bypass, " + after + ", now, log, response header :status", "used"},
		{"denied", "true", "none", before + "remove request header x-gatewarden-bypass, " + after + ", now, reason, log, reply", "denied"},
	} {
		f, host := newFilter(t, bypassConfig)
		request := with(get("/a"), "x-user", "alice", "x-org", "acme", "x-roles", row.roles)
		if row.ask != "" {
			request = with(request, "x-gatewarden-bypass", row.ask)
		}
		exchange(f, host, request, hdr(":status", "200"))
		log, reply := strings.Join(host.Log, "\n"), status(host)
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
		want, answer := map[string]string{
			"used":   `gatewarden: bypass surface=a client=192.0.2.1 subject="alice" tenant="acme" role="admin"`,
			"denied": `gatewarden: refusal surface=a client=192.0.2.1 reason=bypass_denied subject="alice" tenant="acme"`,
		}[row.metric], map[string]string{"denied": "428"}[row.metric]
		if log != want || reply != answer {
			t.Errorf("%s: %q, reply %q", row.name, log, reply)
		}
		for _, outcome := range []string{"used", "denied"} {
			if got := sum(t, host, "gatewarden_bypass_total.surface.a.outcome."+outcome, f) == 1; got != (outcome == row.metric) {
				t.Errorf("%s: %s is counted: %v", row.name, outcome, got)
			}
		}
	}
}

// TestBypassOfQuotas shows that a request that bypasses the limits pays nothing, and that its
// response tells of no quota. Without the role or the header, a request is limited as usual.
func TestBypassOfQuotas(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "headers", "subject": "x-user-id", "roles": "x-roles"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}], "bypass": {"roles": ["owner"]},
		"quotas": [{"name": "all", "per": ["subject"], "limit": 2, "window": "1m"}]}`)
	send := func(headers ...string) string {
		host.Forget()
		exchange(f, host, with(get("/api"), headers...), hdr(":status", "200"))
		if len(host.Replies) > 0 {
			return status(host) + " " + fakehost.First(host.Replies[0].Headers, rateLimitLeft)
		}
		return "200 " + fakehost.First(host.Response, rateLimitLeft)
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
	for outcome, want := range map[string]uint64{"admitted": 4, "refused": 2, "shadowed": 0} {
		if got := sum(t, host, "gatewarden_quota_requests_total.rule.all.outcome."+outcome, f); got != want {
			t.Errorf("%d %s, want %d", got, outcome, want)
		}
	}
}
