package scenario

import "time"

const second = time.Second

func lockouts() []Scenario {
	return []Scenario{
		{
			Name: "the first 429 comes with failure limit+1 and the end is to the second",
			Steps: []Step{
				get("20 guesses reach the service", "/api/v1/items", token("bad"), answer(401), times(20)),
				get("the 21st does not", "/api/v1/items", token("bad"), locked("60")),
				get("nor does a valid credential", "/api/v1/items", token("good"), locked("60")),
				get("Retry-After counts down", "/api/v1/items", token("good"), after(second), locked("59")),
				get("half a second rounds up", "/api/v1/items", token("good"), after(500*time.Millisecond), locked("59")),
				get("to the last", "/api/v1/items", token("good"), after(58*second+499*time.Millisecond), locked("1")),
				get("and is free at that moment", "/api/v1/items", token("good"), after(time.Millisecond)),
				get("with a fresh allowance", "/api/v1/items", token("bad"), answer(401), times(20)),
				get("of the same size", "/api/v1/items", token("bad"), locked("60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.rest":                              40,
				"gatewarden_lockouts_total.surface.rest":                                   2,
				"gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out":    6,
				"gatewarden_requests_total.surface.rest.outcome.passed":                    41,
				"gatewarden_requests_total.surface.rest.outcome.refused":                   6,
				"gatewarden_auth_failures_total.surface.mcp":                               0,
				"gatewarden_rate_limited_requests_total.surface._.reason.malformed":        0,
				"gatewarden_table_evictions_total":                                         0,
				"gatewarden_requests_total.surface.consent.outcome.passed":                 0,
				"gatewarden_rate_limited_requests_total.surface.consent.reason.locked_out": 0,
			},
		},
		{
			Name: "the default limits of the four surfaces",
			Steps: []Step{
				post("consent: 5", "/oauth/authorize", answer(401), times(5)),
				post("", "/oauth/authorize", locked("300")),
				post("token: 10", "/oauth/token", answer(401), times(10)),
				post("", "/oauth/token", locked("300")),
				post("mcp: 20", "/mcp", token("bad"), answer(401), times(20)),
				post("", "/mcp", token("bad"), locked("60")),
				get("rest: 20", "/api/v1", token("bad"), answer(401), times(20)),
				get("", "/api/v1", token("bad"), locked("60")),
			},
			Log: []string{
				"failure surface=consent client=192.0.2.1 reason=status_401 failures=5 limit=5 locked_for=",
				"refusal surface=consent client=192.0.2.1 reason=locked_out retry_after=",
			},
		},
		{
			Name: "other surfaces, clients and exempt paths are served",
			Steps: []Step{
				get("", "/api/v1/items", token("bad"), answer(401), times(20)),
				get("locked", "/api/v1/items", token("good"), locked("60")),
				post("another surface", "/mcp", token("good")),
				get("another client", "/api/v1/items", token("good"), from("192.0.2.2:1")),
				get("its own root", "/"), get("health", "/healthz"), get("metrics", "/metrics"),
				get("discovery", "/.well-known/openid-configuration"),
				post("registration", "/oauth/register"),
				get("no surface", "/elsewhere"),
				get("GET of the consent page", "/oauth/authorize"),
			},
		},
		{
			Name:    "workers count together",
			Workers: 8,
			Steps: []Step{
				get("", "/api/v1/items", token("bad"), answer(401), times(20)),
				get("locked on every worker", "/api/v1/items", token("bad"), locked("60"), times(8)),
			},
		},
		{
			Name: "a window begins with the first failure",
			Steps: []Step{
				get("", "/api/v1/x", token("bad"), answer(401), times(19)),
				get("the window is over", "/api/v1/x", token("bad"), after(60*second), answer(401), times(19)),
				get("it is another one", "/api/v1/x", token("bad"), after(59*second), answer(401)),
				get("20 in one window", "/api/v1/x", token("good"), locked("1")),
				get("", "/api/v1/x", token("good"), after(second)),
			},
		},
		{
			Name:   "a duration of its own, escalation and forgetting",
			Config: rest(`"failures": 2, "window": "1m", "duration": "10s", "escalate": {"factor": 3, "max": "1m", "forget": "1h"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("bad"), answer(401), times(2)),
				get("first", "/api/v1/x", token("bad"), locked("10")),
				get("", "/api/v1/x", token("bad"), after(10*second), answer(401), times(2)),
				get("second", "/api/v1/x", token("bad"), locked("30")),
				get("", "/api/v1/x", token("bad"), after(30*second), answer(401), times(2)),
				get("third, at the maximum", "/api/v1/x", token("bad"), locked("60")),
				get("remembered just before an hour after its end", "/api/v1/x", token("bad"), after(60*second+time.Hour-second), answer(401), times(2)),
				get("", "/api/v1/x", token("bad"), locked("60")),
				get("forgotten an hour after its end", "/api/v1/x", token("bad"), after(60*second+time.Hour), answer(401), times(2)),
				get("", "/api/v1/x", token("bad"), locked("10")),
			},
		},
		{
			Name:   "shadow mode counts and reports, and refuses nothing",
			Config: rest(`"failures": 2, "window": "1m", "mode": "shadow"`),
			Steps: []Step{
				get("", "/api/v1/x", token("bad"), answer(401), times(2)),
				get("would be refused", "/api/v1/x", token("good"), times(3)),
			},
			Metrics: map[string]uint64{
				"gatewarden_lockouts_total.surface.rest":                                1,
				"gatewarden_requests_total.surface.rest.outcome.shadowed":               3,
				"gatewarden_requests_total.surface.rest.outcome.passed":                 2,
				"gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out": 0,
			},
			Log: []string{"shadow refusal surface=rest client=192.0.2.1 reason=locked_out retry_after="},
		},
		{
			Name:   "mode off and zero failures switch a surface off",
			Config: `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"mode": "off"}}, {"name": "b", "kind": "api", "match": [{"prefix": "/b"}], "lockout": {"failures": 0}}]}`,
			Steps: []Step{
				get("", "/a", token("bad"), answer(401), times(100)),
				get("", "/b", token("bad"), answer(401), times(100)),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.a":           0,
				"gatewarden_requests_total.surface.a.outcome.passed": 100,
			},
		},
		{
			Name: "limits from the environment",
			Env:  map[string]string{"RATE_LIMIT_MCP_FAILURES": "2", "RATE_LIMIT_MCP_WINDOW_SECONDS": "7", "OTHER": "x"},
			Steps: []Step{
				post("", "/mcp", token("bad"), answer(401), times(2)),
				post("", "/mcp", token("bad"), locked("7")),
			},
		},
		{
			Name:   "a success takes back what its own credential did, and nothing else",
			Config: rest(`"failures": 5, "window": "1m", "reset_on_success": true`),
			Steps: []Step{
				get("alice mistypes", "/api/v1/x", basic("alice:wrong"), answer(401), times(3)),
				get("and succeeds", "/api/v1/x", basic("alice:right")),
				get("all are taken back", "/api/v1/x", basic("alice:wrong"), answer(401), times(4)),
				get("mallory has an account", "/api/v1/x", basic("mallory:right")),
				get("which clears nothing of alice's", "/api/v1/x", basic("alice:wrong"), answer(401)),
				get("", "/api/v1/x", basic("mallory:right"), locked("60")),
			},
		},
		{
			Name: "no success takes anything back by default",
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401), times(19)),
				get("", "/api/v1/x", token("a")),
				get("", "/api/v1/x", token("a"), answer(401)),
				get("", "/api/v1/x", token("a"), locked("60")),
			},
		},
	}
}

// rest is a configuration with one surface "rest" of the given lockout.
func rest(lockout string) string {
	return `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {` + lockout + `}}]}`
}
