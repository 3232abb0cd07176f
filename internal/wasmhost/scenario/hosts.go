package scenario

// byHost is a configuration of services with the same paths, told apart by host.
const byHost = `{
	"exempt": [{"path": "/v1/live", "hosts": ["api.example.com"]}],
	"surfaces": [
		{"name": "admin", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["admin.example.com"]}], "lockout": {"failures": 2, "window": "1m"}},
		{"name": "api", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["api.example.com"]}], "lockout": {"failures": 4, "window": "1m"}},
		{"name": "tenants", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["*.tenants.example.com"]}, {"prefix": "/tenant", "hosts": ["*.tenants.example.com"]}],
			"lockout": {"failures": 3, "window": "1m"}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/v1"}], "lockout": {"failures": 3, "window": "1m"}}],
	"quotas": [{"name": "reports", "paths": [{"path": "/v1/reports", "hosts": ["api.example.com"]}], "per": ["client"], "limit": 2, "window": "1m"}]}`

func host(authority string) option { return func(s *Step) { s.Send.Authority = authority } }

func hosts() []Scenario {
	guess := func(authority string, options ...option) Step {
		return get(authority, "/v1", append([]option{host(authority), token("bad"), answer(401)}, options...)...)
	}
	odd := func(authority string) Step { return guess(authority, refused("malformed", 400)) }
	return []Scenario{
		{
			Name:   "each host has a surface of its own",
			Config: byHost,
			Steps: []Step{
				guess("admin.example.com", times(2)),
				guess("admin.example.com", locked("60")),
				guess("api.example.com", times(4)),
				guess("api.example.com", locked("60")),
				guess("a.tenants.example.com"), guess("b.a.tenants.example.com", times(2)),
				guess("c.tenants.example.com", locked("60")),
				get("another host of the path", "/tenant", host("api.example.com"), token("bad"), answer(401), times(many)),
				guess("else.example"), guess("tenants.example.com"), guess("192.0.2.9:8443"),
				guess("[2001:db8::1]", locked("60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.admin":   2,
				"gatewarden_auth_failures_total.surface.api":     4,
				"gatewarden_auth_failures_total.surface.tenants": 3,
				"gatewarden_auth_failures_total.surface.rest":    3,
			},
		},
		{
			Name:   "no spelling of a host escapes its surface",
			Config: byHost,
			Steps: []Step{
				guess("API.Example.com"), guess("api.example.com:8443"), guess("api.example.com."), guess("Api.example.com.:80"),
				guess("api.example.com:", locked("60")),
				odd("api.example.com,else.example"), odd("else.example,api.example.com"), odd("else.example,else.example"),
				odd("user@api.example.com"), odd("api.example.com@else.example"), odd("api.example.com:x"), odd("api.example.com.."), odd(".api.example.com"),
				odd("%61pi.example.com"), odd("::1"), odd("[::1"), odd("xn--api-.example.com"), odd("*.tenants.example.com"),
				get("in the path", "//api.example.com/v1", host("else.example"), token("bad"), refused("malformed", 400)),
				get("no other surface could own it", "/tenant", host("a,b"), token("bad"), answer(401), times(3)),
				get("", "/tenant", host("x.tenants.example.com"), token("bad"), locked("60")),
				get("no surface could own it", "/elsewhere", host("a,b"), token("bad"), answer(401), times(many)),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.rest":                       0,
				"gatewarden_rate_limited_requests_total.surface._.reason.malformed": 14,
			},
			Log: []string{"refusal client=192.0.2.1 reason=malformed"},
		},
		{
			Name:        "hosts that Envoy refuses",
			StandInOnly: true,
			Config:      byHost,
			Steps: []Step{
				odd("bücher.example"), odd("api.example.com, else.example"), odd(" api.example.com"), odd("api.example.com/x"), odd("api.example.com\x00"),
				get("absolute form", "http://api.example.com/v1", host("else.example"), token("bad"), refused("malformed", 400)),
				get("two authorities", "/v1", host("else.example"), with(":authority", "api.example.com"), token("bad"), refused("malformed", 400)),
				get("a Host line", "/v1", host("else.example"), with("host", "api.example.com"), token("bad"), refused("malformed", 400)),
			},
			Metrics: map[string]uint64{"gatewarden_rate_limited_requests_total.surface._.reason.malformed": 8},
		},
		{
			Name:   "exempt entries and quotas have hosts, too",
			Config: byHost,
			Steps: []Step{
				get("", "/v1/live", host("API.example.com:80"), token("bad"), answer(401), times(many)),
				get("", "/v1/live", host("admin.example.com"), token("bad"), answer(401), times(2)),
				get("", "/v1/live", host("admin.example.com"), token("bad"), locked("60")),
				get("", "/v1/live", host("api.example.com,x"), token("bad"), refused("malformed", 400)),
				get("", "/v1/reports", host("api.example.com"), has("x-ratelimit-remaining", "1")),
				get("", "/v1/reports", host("api.example.com."), has("x-ratelimit-remaining", "0")),
				get("", "/v1/reports", host("api.example.com"), refused("quota_exceeded", 429)),
				get("", "/v1/reports", host("else.example"), hasNo("x-ratelimit-remaining"), times(5)),
			},
			Metrics: map[string]uint64{"gatewarden_quota_requests_total.rule.reports.outcome.admitted": 2},
		},
	}
}
