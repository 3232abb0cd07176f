package scenario

// holding is a configuration with this lockout in which requests wait for two seconds.
func holding(lockout string) string {
	return `{"burst": {"hold": "2s"}, "allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {` + lockout + `}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {` + lockout + `}}]}`
}

func bursts() []Scenario {
	const held = "gatewarden_held_requests_total.surface.rest.outcome."
	ping := body(`{"jsonrpc":"2.0","id":7,`, `"method":"ping"}`)
	return []Scenario{
		{
			Name:   "a guess waits for earlier ones, and no longer than it should",
			Config: holding(`"failures": 2, "window": "10m"`),
			Steps: []Step{
				get("the first", "/api/v1/x", token("a"), answer(401), meanwhile(
					get("one that could be the last", "/api/v1/x", token("b"), answer(401), meanwhile(
						get("waits until it is held for too long", "/api/v1/x", token("c"), answer(401)),
						get("another client", "/api/v1/x", from("192.0.2.2:1"), token("c"), answer(401)),
						get("another surface", "/mcp", token("c"), answer(401)),
						get("no credential", "/api/v1/x", answer(401)),
					)),
				)),
				get("", "/api/v1/x", token("d"), refused("locked_out", 429)),
			},
			Metrics: map[string]uint64{held + "expired": 1, held + "passed": 0, held + "refused": 0, held + "left": 0},
		},
		{
			Name:   "a body that waits is there afterwards",
			Config: holding(`"failures": 1, "window": "10m"`),
			Steps: []Step{
				post("the first", "/mcp", token("a"), ping, meanwhile(post("waits", "/mcp", token("b"), ping, trailer("x-end", "1")))),
				get("a good credential is no guess", "/mcp", token("c"), meanwhile(get("", "/mcp", token("b"), answer(401)))),
				post("", "/mcp", token("c"), ping, refused("locked_out", 429)),
			},
			Metrics: map[string]uint64{"gatewarden_held_requests_total.surface.mcp.outcome.expired": 1},
		},
		{
			Name:   "the same credential waits for nothing",
			Config: holding(`"failures": 4, "window": "10m"`),
			Steps: []Step{
				get("", "/api/v1/x", token("a"), meanwhile(get("", "/api/v1/x", token("a"), meanwhile(get("", "/api/v1/x", token("a"), meanwhile(
					get("", "/api/v1/x", token("a"), meanwhile(get("", "/api/v1/x", token("a"), meanwhile(get("", "/api/v1/x", token("a")))))),
				)))))),
			},
			Metrics: map[string]uint64{held + "expired": 0, held + "passed": 0, "gatewarden_requests_total.surface.rest.outcome.passed": 6},
		},
		{
			Name:   "nothing waits where bursts are not held",
			Config: `{"burst": {"hold": "off"}, ` + holding(`"failures": 1, "window": "10m"`)[len(`{"burst": {"hold": "2s"}, `):],
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401), meanwhile(get("", "/api/v1/x", token("b"), answer(401), meanwhile(get("", "/api/v1/x", token("c"), answer(401)))))),
				get("", "/api/v1/x", token("d"), refused("locked_out", 429)),
			},
		},
	}
}
