package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// TestShadow shows that a lockout in shadow mode holds nothing and refuses nothing.
func TestShadow(t *testing.T) {
	f, host := newFilter(t, `{"allow_on_headers_stop_iteration": true,
		"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/"}], "lockout": {"failures": 1, "mode": "shadow"}}]}`)
	for i := 0; i < 3; i++ {
		host.Request, host.Response = hdr(":method", "POST", ":path", "/x", "authorization", "x"), hdr(":status", "401")
		s := f.NewStream()
		if s.RequestHeaders(false) != proxy.Continue || s.RequestBody(5, true) != proxy.Continue {
			t.Fatal("it is held")
		}
		s.ResponseHeaders(true)
	}
	if len(host.Replies)+len(host.Reasons) != 0 {
		t.Errorf("%v %v", host.Replies, host.Reasons)
	}
	f.Flush()
	if host.Value(t, "gatewarden_auth_failures_total.surface.mcp") != 3 || host.Value(t, "gatewarden_requests_total.surface.mcp.outcome.shadowed") != 2 {
		t.Errorf("%v\n%v", host.Names, host.Values)
	}
}

// TestShadowNeedsNothing shows that a request that a lockout in shadow mode would refuse waits
// for no form and takes no turn.
func TestShadowNeedsNothing(t *testing.T) {
	f, host := newFilter(t, `{"allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
		 "lockout": {"failures": 1, "mode": "shadow", "account_fields": ["user"], "keys": [{"per": ["account"], "failures": 9}]}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		 "lockout": {"mode": "shadow", "keys": [{"per": ["credential"], "failures": 1}, {"per": ["account"], "failures": 1, "action": "lock"}]}}]}`)
	exchange(f, host, hdr(":method", "POST", ":path", "/login"), hdr(":status", "401"))
	host.Request = hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
	host.Forget()
	if f.NewStream().RequestHeaders(false) != proxy.Continue || len(host.Log) != 1 {
		t.Errorf("it waits for its form: %q", host.Log)
	}
	ann := with(get("/api"), "authorization", basic("ann", "x"))
	exchange(f, host, ann, hdr(":status", "401"))
	host.Forget()
	exchange(f, host, ann, hdr(":status", "404"))
	if lines := len(host.Log); lines != 1 || strings.Contains(taken(host), "set") {
		t.Errorf("%d lines, or a turn is taken", lines)
	}
}

// TestQuotaShadow shows that a quota in shadow mode refuses nobody, counts and logs what it
// would have refused, and is not in the response's headers.
func TestQuotaShadow(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("watching", 2, `, "mode": "shadow"`), rule("all", 4, "")))
	for range 6 {
		ask(f, host, get("/api"))
		if got := fakehost.All(host.Response, rateLimitPolicy); len(host.Replies) == 0 && strings.Join(got, ", ") != `"all";q=4;w=60` {
			t.Errorf("%q", got)
		}
	}
	f.Flush()
	for name, want := range map[string]uint64{
		"gatewarden_quota_requests_total.rule.watching.outcome.admitted":            2,
		"gatewarden_quota_requests_total.rule.watching.outcome.shadowed":            2,
		"gatewarden_quota_requests_total.rule.watching.outcome.refused":             0,
		"gatewarden_quota_requests_total.rule.all.outcome.admitted":                 4,
		"gatewarden_quota_requests_total.rule.all.outcome.refused":                  2,
		"gatewarden_quota_unverified_total.rule.all":                                0,
		"gatewarden_requests_total.surface.rest.outcome.passed":                     2,
		"gatewarden_requests_total.surface.rest.outcome.shadowed":                   2,
		"gatewarden_requests_total.surface.rest.outcome.refused":                    2,
		"gatewarden_rate_limited_requests_total.surface.rest.reason.quota_exceeded": 2,
		"gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out":     0,
		"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded":  0,
		"gatewarden_quota_table_evictions_total":                                    0,
	} {
		if got := host.Value(t, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	log := strings.Join(host.Log, "\n")
	if strings.Count(log, "gatewarden: shadow refusal surface=rest client=192.0.2.1 reason=quota_exceeded rule=watching retry_after=60") != 2 ||
		strings.Count(log, "gatewarden: refusal surface=rest client=192.0.2.1 reason=quota_exceeded rule=all retry_after=60") != 2 {
		t.Errorf("%s", log)
	}
}
