package scenario

import "fmt"

// inFlight is a configuration with three surfaces and these limits.
func inFlight(rules string, more ...string) string {
	text := `{"allow_on_headers_stop_iteration": true, "concurrency": [` + rules + `], "surfaces": [
		{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "b", "kind": "api", "match": [{"prefix": "/b"}], "lockout": {"mode": "off"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}]`
	for _, m := range more {
		text += ", " + m
	}
	return text + "}"
}

// crowded is a refusal for want of a place.
func crowded(options ...option) option {
	return func(s *Step) {
		refused("over_capacity", 503)(s)
		has("retry-after", "1")(s)
		for _, o := range options {
			o(s)
		}
	}
}

const crowdedMessage = "The service is currently at capacity. Try again in 1 second."

func crowdedProblem(rule string) string {
	return fmt.Sprintf(`{"type":"https://iana.org/assignments/http-problem-types#temporary-reduced-capacity","title":"Temporary reduced capacity","status":503,"detail":%q,"violated-policies":["concurrency-%s"]}`,
		crowdedMessage, rule)
}

func concurrency() []Scenario {
	return append(capacityReplies(), []Scenario{
		{
			Name:    "two requests in flight, and no third",
			Config:  inFlight(`{"name": "two", "per": "all", "limit": 2}`),
			Workers: 3,
			Steps: []Step{
				get("first", "/a", meanwhile(
					get("second", "/b", meanwhile(
						get("third", "/a", crowded(says(crowdedProblem("two")), has("content-type", "application/problem+json"), has("cache-control", "no-store"), has("ratelimit"))),
						get("other client", "/b", from("192.0.2.2:1"), crowded()),
						get("no surface", "/elsewhere"),
						get("fourth", "/a", crowded()),
					)),
					get("there is room again", "/a", times(3)),
				)),
				get("and again", "/a", meanwhile(get("", "/a", meanwhile(get("", "/a", crowded()))))),
			},
			Metrics: map[string]uint64{
				"gatewarden_over_capacity_total.rule.two.outcome.refused":               4,
				"gatewarden_rate_limited_requests_total.surface.a.reason.over_capacity": 3,
				"gatewarden_rate_limited_requests_total.surface.b.reason.over_capacity": 1,
				"gatewarden_requests_total.surface.a.outcome.passed":                    6,
				"gatewarden_requests_total.surface.a.outcome.refused":                   3,
			},
			Log: []string{"refusal surface=a client=192.0.2.1 reason=over_capacity rule=two retry_after=1"},
		},
		{
			Name:   "each surface for itself",
			Config: inFlight(`{"name": "each", "surfaces": ["a", "mcp"], "per": "surface", "limit": 1, "retry_after": "1m30s"}`),
			Steps: []Step{
				get("", "/a", meanwhile(
					get("", "/a", refused("over_capacity", 503), has("retry-after", "90")),
					get("", "/mcp", meanwhile(get("", "/a", refused("over_capacity", 503)), get("", "/mcp", refused("over_capacity", 503)))),
					get("unlimited", "/b", meanwhile(get("", "/b"))),
				)),
			},
		},
		{
			Name: "each identity for itself",
			Config: inFlight(`{"name": "user", "per": "identity", "limit": 1}`,
				`"identity": [`+jwtSource+`, `+keys(key("ci", "Secret-1", `, "subject": "alice"`), key("other", "Secret-2", ""))+`]`),
			Steps: []Step{
				get("alice", "/a", claims(map[string]any{"sub": "alice"}), meanwhile(
					get("elsewhere", "/b", from("192.0.2.2:1"), claims(map[string]any{"sub": "alice"}), crowded()),
					get("by another source", "/b", from("192.0.2.3:1"), with("x-api-key", "Secret-1"), crowded()),
					get("bob at the same address", "/a", claims(map[string]any{"sub": "bob"})),
					get("another key", "/a", with("x-api-key", "Secret-2")),
					get("a client", "/a", meanwhile(
						get("with a made-up key", "/b", with("x-api-key", "guess"), crowded()),
						get("another client", "/b", from("192.0.2.2:1")),
						get("alice", "/b", claims(map[string]any{"sub": "alice"}), crowded()),
						get("bob", "/b", claims(map[string]any{"sub": "bob"})),
					)),
				)),
			},
		},
		{
			Name:   "every rule must have a place, and who is refused holds none",
			Config: inFlight(`{"name": "all", "per": "all", "limit": 2}, {"name": "each", "per": "surface", "limit": 1}`),
			Steps: []Step{
				get("", "/a", meanwhile(
					get("", "/a", crowded(says(crowdedProblem("each"))), times(5)),
					get("", "/b", meanwhile(get("", "/mcp", crowded()))),
					get("", "/mcp"),
				)),
			},
		},
		{
			Name: "in shadow mode all pass",
			Config: inFlight(`{"name": "shadow", "per": "all", "limit": 1, "mode": "shadow"}, {"name": "two", "per": "all", "limit": 2},
				{"name": "off", "per": "all", "limit": 1, "mode": "off"}`),
			Steps: []Step{get("", "/a", meanwhile(get("", "/a", meanwhile(get("", "/a", crowded(says(crowdedProblem("two"))))))))},
			Metrics: map[string]uint64{
				"gatewarden_over_capacity_total.rule.shadow.outcome.shadowed": 1,
				"gatewarden_over_capacity_total.rule.shadow.outcome.refused":  0,
				"gatewarden_over_capacity_total.rule.two.outcome.refused":     1,
				"gatewarden_over_capacity_total.rule.off.outcome.shadowed":    0,
				"gatewarden_requests_total.surface.a.outcome.passed":          1,
				"gatewarden_requests_total.surface.a.outcome.shadowed":        1,
				"gatewarden_requests_total.surface.a.outcome.refused":         1,
			},
			Log: []string{"shadow refusal surface=a client=192.0.2.1 reason=over_capacity rule=shadow retry_after=1"},
		},
		{
			Name: "what the lockout or the gate refuses holds no place",
			Config: `{"identity": [` + keys(key("ci", "k", "")) + `], "concurrency": [{"name": "one", "per": "all", "limit": 1}],
				"surfaces": [{"name": "gate", "kind": "api", "match": [{"prefix": "/gate"}], "require": true, "lockout": {"failures": 2, "window": "1m"}},
					{"name": "free", "kind": "api", "match": [{"prefix": "/free"}], "lockout": {"failures": 2, "window": "1m"}}]}`,
			Steps: []Step{
				get("", "/gate", denied()),
				get("", "/gate", token("x"), denied(), times(2)),
				get("", "/gate", token("k"), locked("60"), times(3)),
				get("", "/free", meanwhile(
					get("the lockout comes first", "/gate", token("k"), locked("60")),
					get("", "/gate", from("192.0.2.2:1"), denied()),
					get("", "/gate", from("192.0.2.2:1"), token("k"), crowded()),
				)),
				get("", "/gate", from("192.0.2.2:1"), token("k")),
			},
		},
		{
			Name:   "preflights and allowed clients are in flight, too",
			Config: inFlight(`{"name": "one", "per": "all", "limit": 1}`, `"client": {"allow": ["192.0.2.9"]}`),
			Steps: []Step{
				get("", "/a", from("192.0.2.9:1"), meanwhile(
					get("", "/a", from("192.0.2.9:1"), crowded()),
					step("", "OPTIONS", "/a", with("origin", "https://app.example"), with("access-control-request-method", "GET"),
						crowded(has("access-control-allow-origin", "*"))),
				)),
				step("", "OPTIONS", "/a", with("origin", "https://app.example"), with("access-control-request-method", "GET"), meanwhile(get("", "/b", crowded()))),
			},
		},
		{
			Name:    "a request that goes on and on keeps its place",
			Config:  inFlight(`{"name": "one", "per": "all", "limit": 1}`),
			Workers: 2,
			Steps: []Step{get("", "/a", meanwhile(
				get("", "/a", crowded()),
				get("", "/a", after(9*second), crowded()),
				get("", "/a", after(12*second), crowded()),
				get("", "/a", after(1000*second), crowded()),
			)), get("", "/a")},
		},
	}...)
}

func capacityReplies() []Scenario {
	one := `{"name": "one", "per": "all", "limit": 1}`
	const data = `"data":{"reason":"over_capacity","retryAfter":1}}}`
	return []Scenario{
		{
			Name:   "MCP: over capacity, with the request's id",
			Config: inFlight(one),
			Steps: []Step{
				post("", "/mcp", body(`{"jsonrpc":"2.0","id":1,"method":"ping"}`), meanwhile(
					post("", "/mcp", body(`{"jsonrpc":"2.0","id":"x",`, `"method":"ping"}`), crowded(has("content-type", "application/json"), has("cache-control", "no-store"),
						says(`{"jsonrpc":"2.0","id":"x","error":{"code":503,"message":"`+crowdedMessage+`",`+data))),
					post("a batch", "/mcp", body(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`), crowded(
						says(`[{"jsonrpc":"2.0","id":1,"error":{"code":503,"message":"`+crowdedMessage+`",`+data+`]`))),
					get("", "/mcp", crowded(says(`{"jsonrpc":"2.0","error":{"code":503,"message":"`+crowdedMessage+`",`+data))),
				)),
				post("", "/mcp", body(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_over_capacity_total.rule.one.outcome.refused": 3,
				"gatewarden_requests_total.surface.mcp.outcome.passed":    2,
			},
		},
		{
			Name:   "gRPC: over capacity",
			Config: inFlight(one),
			Steps: []Step{get("", "/a", meanwhile(
				post("", "/b/pkg.Service/Method", with("content-type", "application/grpc"), body("\x00\x00\x00\x00\x00"), refused("over_capacity", 200),
					has("grpc-status", "14"), has("grpc-message", crowdedMessage), has("retry-after", "1")),
			))},
		},
		{
			Name:   "pages on other origins can read that it is over capacity",
			Config: inFlight(one),
			Steps: []Step{get("", "/a", meanwhile(
				get("", "/a", with("origin", "https://app.example"), crowded(has("access-control-allow-origin", "*"),
					has("access-control-expose-headers", "Retry-After, RateLimit, WWW-Authenticate"))),
				step("HEAD", "HEAD", "/a", crowded()),
			))},
		},
	}
}
