package scenario

func spellings() []Scenario {
	guess := func(path string, options ...option) Step {
		return post(path, path, append([]option{token("bad"), answer(401)}, options...)...)
	}
	return []Scenario{
		{
			Name:        "no spelling of a guarded path escapes its surface",
			StandInOnly: true,
			Config: `{"surfaces": [{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token", "methods": ["POST"]}],
				"lockout": {"failures": 20, "window": "1m"}}]}`,
			Steps: []Step{
				guess("/oauth/token?x=y"), guess("/oauth/token/"), guess("//oauth//token"), guess("/oauth/./token"),
				guess("/x/../oauth/token"), guess("/oauth/%74oken"), guess("/oauth/%2e/token"), guess("/x/%2E%2e/oauth/token"),
				guess("/oauth%2ftoken"), guess("/oauth%252Ftoken"), guess(`/oauth\token`), guess("/oauth%5ctoken"),
				guess("/oauth/token;a=b"), guess("/oauth;a=b/token"), guess("/x/..;/oauth/token"), guess("/OAuth/Token"),
				guess("//evil.example/oauth/token"), guess("/oauth/token%00.js"), guess("http://evil.example/oauth/token"), guess("/oauth/token#x"),
				post("all of them counted", "/oauth/token", locked("60")),
			},
		},
		{
			Name: "what is not the path is not guarded",
			Steps: []Step{
				post("", "/mcpx", token("bad"), answer(401), times(many)),
				post("", "/xmcp", token("bad"), answer(401), times(many)),
				post("", "/api/v10", token("bad"), answer(401), times(many)),
				post("", "/oauth/tokens", token("bad"), answer(401), times(many)),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.mcp":   0,
				"gatewarden_auth_failures_total.surface.rest":  0,
				"gatewarden_auth_failures_total.surface.token": 0,
			},
		},
		{
			Name: "an exempt path is no way around",
			Steps: []Step{
				post("", "/healthz/../mcp", token("bad"), answer(401), times(5)),
				post("", "/.well-known/../mcp", token("bad"), answer(401), times(5)),
				post("", "/.well-known/%2e%2e/mcp", token("bad"), answer(401), times(5)),
				post("", "/.well-known/..%2fmcp", token("bad"), answer(401), times(5)),
				post("", "/mcp", token("bad"), locked("60")),
			},
		},
		{
			Name: "a path that leads to two surfaces is refused",
			Steps: []Step{
				post("", "/api/v1/..%2f..%2foauth/token", refused("malformed", 400), has("cache-control", "no-store"), has("content-type", "application/problem+json")),
				post("", "/api/v1/..;/..;/oauth/token", refused("malformed", 400)),
				post("encoded slashes within one surface are fine", "/api/v1/projects/group%2Fproject", token("t")),
			},
			Metrics: map[string]uint64{"gatewarden_rate_limited_requests_total.surface._.reason.malformed": 2},
			Log:     []string{"refusal client=192.0.2.1 reason=malformed"},
		},
		{
			Name:        "method tricks",
			StandInOnly: true,
			Config: `{"surfaces": [{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/login", "methods": ["POST"]}], "lockout": {"failures": 3, "window": "1m"}},
				{"name": "read", "kind": "api", "match": [{"prefix": "/read", "methods": ["GET"]}], "lockout": {"failures": 2, "window": "1m"}}]}`,
			Steps: []Step{
				step("lower case", "post", "/login", answer(401)),
				get("override", "/login", with("x-http-method-override", "POST"), answer(401)),
				step("override", "PUT", "/login", with("x-method-override", "post"), answer(401)),
				post("", "/login", locked("60")),
				step("HEAD is GET", "HEAD", "/read", token("bad"), answer(401), times(2)),
				get("", "/read", token("bad"), locked("60")),
			},
		},
	}
}
