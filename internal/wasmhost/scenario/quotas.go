package scenario

import (
	"time"
)

// limited is a configuration with the surfaces "rest" and "mcp" and the quotas
// given.
func limited(quotas string) string {
	return `{"allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}]}], "quotas": [` + quotas + `]}`
}

// over is a refusal by a quota for the given number of seconds.
func over(seconds string) option {
	return func(s *Step) {
		s.Want.Refused, s.Want.Status = "quota_exceeded", 429
		has("retry-after", seconds)(s)
	}
}

// tells is what a response says of the rule "plan": what is left, and when there is
// more.
func tells(limit, left, seconds string) option {
	return func(s *Step) {
		has("ratelimit", `"plan";r=`+left+`;t=`+seconds)(s)
		has("x-ratelimit-limit", limit)(s)
		has("x-ratelimit-remaining", left)(s)
		has("x-ratelimit-reset", seconds)(s)
	}
}

func rpc(note, method string, options ...option) Step {
	return post(note, "/mcp", append([]option{
		with("content-type", "application/json"), body(`{"jsonrpc":"2.0","id":"` + method + `","method":"` + method + `"}`),
	}, options...)...)
}

const (
	quotaProblem = `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,"detail":"Rate limit exceeded. Try again in 60 seconds.","violated-policies":["plan"]}`
	quotaError   = `"error":{"code":429,"message":"Rate limit exceeded. Try again in 60 seconds.","data":{"reason":"quota_exceeded","retryAfter":60}}}`
)

// quotas are the limits on how much may be asked for, and what is told of them.
func quotas() []Scenario {
	return append(quotaLimits(), append(quotaReplies(), quotaAlgorithms()...)...)
}

func quotaLimits() []Scenario {
	return []Scenario{
		{
			Name:    "quota: the request after the last is refused, on every method and path",
			Config:  limited(`{"name": "plan", "per": ["client"], "limit": 20, "window": "1m"}`),
			Workers: 8,
			Steps: []Step{
				rpc("", "initialize", tells("20", "19", "60")),
				rpc("", "tools/list", times(4)), rpc("", "ping", times(4)),
				get("", "/mcp", times(3)), step("", "DELETE", "/mcp"), get("", "/api/v1/x", times(3)),
				step("a preflight costs nothing", "OPTIONS", "/api/v1/x", with("origin", "https://a.example"),
					with("access-control-request-method", "GET"), answer(204), hasNo("ratelimit"), times(5)),
				step("", "OPTIONS", "/api/v1/x", answer(204)), step("", "HEAD", "/api/v1/x"), step("", "PATCH", "/api/v1/x"),
				get("the last", "/api/v1", tells("20", "0", "60")),
				rpc("", "initialize", over("60")), rpc("", "tools/list", over("60")), rpc("", "ping", over("60")),
				get("", "/api/v1/x", over("60"), tells("20", "0", "60")), step("", "PUT", "/api/v1/x", over("60")),
				step("", "OPTIONS", "/api/v1/x", over("60")), step("", "HEAD", "/mcp", over("60")),
				get("not elsewhere", "/healthz", hasNo("ratelimit")),
				get("not for others", "/api/v1/x", from("192.0.2.2:1"), tells("20", "19", "60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_quota_requests_total.rule.plan.outcome.admitted":                21,
				"gatewarden_quota_requests_total.rule.plan.outcome.refused":                 7,
				"gatewarden_quota_unverified_total.rule.plan":                               0,
				"gatewarden_rate_limited_requests_total.surface.rest.reason.quota_exceeded": 3,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded":  4,
				"gatewarden_requests_total.surface.rest.outcome.refused":                    3,
				"gatewarden_quota_table_full_total":                                         0,
			},
			Log: []string{"refusal surface=mcp client=192.0.2.1 reason=quota_exceeded rule=plan retry_after=60"},
		},
		{
			Name:   "quota: a window is over to the second, and the next one is whole",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 3, "window": "1m"}`),
			Steps: []Step{
				get("", "/api/v1/x", tells("3", "2", "60")),
				get("", "/api/v1/x", after(time.Millisecond), tells("3", "1", "60")),
				get("", "/api/v1/x", after(999*time.Millisecond), tells("3", "0", "59")),
				get("over", "/api/v1/x", after(58*second+999*time.Millisecond), over("1")),
				get("free at that moment", "/api/v1/x", after(time.Millisecond), tells("3", "2", "60")),
			},
		},
		{
			Name: "quota: several rules, of which what one refuses costs the others nothing",
			Config: limited(`{"name": "minute", "per": ["client"], "limit": 2, "window": "1m"},
				{"name": "hour", "per": ["client"], "limit": 3, "window": "1h"}`),
			Workers: 3,
			Steps: []Step{
				get("", "/api/v1/x", has("ratelimit", `"minute";r=1;t=60`), has("ratelimit-policy", `"minute";q=2;w=60, "hour";q=3;w=3600`)),
				get("", "/api/v1/x", has("ratelimit", `"minute";r=0;t=60`)),
				get("", "/api/v1/x", over("60"), times(20)),
				get("the hour has one left", "/api/v1/x", after(time.Minute), has("ratelimit", `"hour";r=0;t=3540`)),
				get("", "/api/v1/x", over("3540"), times(20)),
				get("the minute was not used up meanwhile", "/api/v1/x", after(59*time.Minute), has("ratelimit", `"minute";r=1;t=60`)),
			},
		},
		{
			Name: "quota: one path's rule takes the place of the general one, however it is spelled",
			Config: limited(`{"name": "general", "per": ["client"], "limit": 2, "window": "1m"},
				{"name": "health", "per": ["client"], "limit": "unlimited", "window": "1m", "paths": [{"path": "/api/v1/health"}], "overrides": ["general"]},
				{"name": "batch", "per": ["client"], "limit": 3, "window": "1m", "paths": [{"path": "/api/v1/batch"}], "overrides": ["general"]}`),
			Steps: []Step{
				get("", "/api/v1/health", times(20), hasNo("ratelimit")),
				get("the same path", "/api/v1/%68ealth", times(3), hasNo("ratelimit")),
				post("", "/api/v1/batch", times(3), answer(202)),
				post("", "/api/v1/batch", over("60")),
				get("general", "/api/v1/x", times(2)),
				get("", "/api/v1/x", over("60")),
				get("dressed up as the unlimited one", "/api/v1/health/..%2fx", over("60")),
				get("", "/api/v1/x/..%2fhealth", over("60")),
				get("", "/api/v1/health;/../x", over("60")),
				get("another batch", "/api/v1/%62atch", over("60")),
				get("still unlimited", "/api/v1/health"),
			},
		},
		{
			Name: "quota: costs by path",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 12, "window": "1m",
				"cost": [{"prefix": "/api/v1/batch", "methods": ["POST"], "cost": 5}, {"path": "/api/v1/ping", "cost": 0}]}`),
			Steps: []Step{
				post("", "/api/v1/batch", answer(202), tells("12", "7", "60")),
				get("", "/api/v1/batch/1", tells("12", "6", "60")),
				get("free of charge", "/api/v1/ping", times(20), tells("12", "6", "60")),
				post("", "/api/v1/batch/x", answer(202), tells("12", "1", "60")),
				post("too much", "/api/v1/batch", over("60"), tells("12", "1", "60")),
				get("not for this", "/api/v1/x", tells("12", "0", "60")),
				get("a method in a header costs what it would", "/api/v1/ping", with("x-http-method-override", "POST"), tells("12", "0", "60")),
			},
		},
		{
			Name:   "quota: shadow mode counts and reports, and refuses nothing",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 2, "window": "1m", "mode": "shadow"}`),
			Steps:  []Step{get("", "/api/v1/x", times(5), hasNo("ratelimit"), hasNo("x-ratelimit-limit"))},
			Metrics: map[string]uint64{
				"gatewarden_quota_requests_total.rule.plan.outcome.admitted": 2,
				"gatewarden_quota_requests_total.rule.plan.outcome.shadowed": 3,
				"gatewarden_requests_total.surface.rest.outcome.shadowed":    3,
			},
			Log: []string{"shadow refusal surface=rest client=192.0.2.1 reason=quota_exceeded rule=plan retry_after="},
		},
		{
			Name:   "quota: a preflight that asks for another method is none",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 2, "window": "1m"}`),
			Steps: []Step{
				step("", "OPTIONS", "/api/v1/x", with("origin", "https://a.example"), with("access-control-request-method", "GET"),
					with("x-http-method-override", "DELETE"), tells("2", "1", "60")),
				step("", "OPTIONS", "/api/v1/x", with("origin", "https://a.example"), with("access-control-request-method", "GET"),
					with("x-http-method-override", "DELETE"), tells("2", "0", "60")),
				step("", "OPTIONS", "/api/v1/x", with("origin", "https://a.example"), with("access-control-request-method", "GET"),
					with("x-http-method-override", "DELETE"), over("60")),
			},
		},
		{
			Name:   "quota: who has nothing left waits for a shorter window once",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 2, "window": "1h"}`),
			Steps: []Step{
				get("", "/api/v1/x", times(2)),
				get("", "/api/v1/x", over("3600")),
				get("shorter", "/api/v1/x", reconfigured(limited(`{"name": "plan", "per": ["client"], "limit": 2, "window": "10s"}`)), over("10")),
				get("", "/api/v1/x", after(6*second), over("4")),
				get("over", "/api/v1/x", after(4*second), tells("2", "1", "10")),
			},
		},
		{
			Name:   "quota: a new limit applies at once, and what was spent stays spent",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 10, "window": "1m"}`),
			Steps: []Step{
				get("", "/api/v1/x", times(5)),
				get("lower", "/api/v1/x", reconfigured(limited(`{"name": "plan", "per": ["client"], "limit": 5, "window": "1m"}`)), over("60")),
				get("higher", "/api/v1/x", reconfigured(limited(`{"name": "plan", "per": ["client"], "limit": 7, "window": "1m"}`)), tells("7", "1", "60")),
				get("shorter", "/api/v1/x", reconfigured(limited(`{"name": "plan", "per": ["client"], "limit": 7, "window": "10s"}`)), tells("7", "0", "10")),
				get("", "/api/v1/x", after(10*second), tells("7", "6", "10")),
				get("off", "/api/v1/x", reconfigured(limited(`{"name": "plan", "per": ["client"], "limit": 0, "window": "1m"}`)), times(20), hasNo("ratelimit")),
			},
		},
	}
}

func quotaReplies() []Scenario {
	one := limited(`{"name": "plan", "per": ["client"], "limit": 1, "window": "1m"}`)
	return []Scenario{
		{
			Name:   "quota: a problem document",
			Config: one,
			Steps: []Step{
				get("", "/api/v1/x", tells("1", "0", "60"), has("ratelimit-policy", `"plan";q=1;w=60`), hasNo("retry-after"), hasNo("cache-control")),
				get("", "/api/v1/x", over("60"), tells("1", "0", "60"), says(quotaProblem), has("content-type", "application/problem+json"),
					has("cache-control", "no-store"), has("ratelimit-policy", `"plan";q=1;w=60`), hasNo("access-control-allow-origin")),
				step("HEAD has the headers of GET", "HEAD", "/api/v1/x", over("60"), tells("1", "0", "60"), has("content-type", "application/problem+json")),
				get("a page on another origin can read it", "/api/v1/x", with("origin", "https://app.example"), over("60"), has("access-control-allow-origin", "*"),
					has("access-control-expose-headers", "Retry-After, RateLimit, WWW-Authenticate, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")),
			},
		},
		{
			Name:   "quota: MCP, an error with the request's id",
			Config: one,
			Steps: []Step{
				rpc("", "initialize", tells("1", "0", "60")),
				rpc("", "tools/list", over("60"), tells("1", "0", "60"), says(`{"jsonrpc":"2.0","id":"tools/list",`+quotaError), has("content-type", "application/json")),
				post("in pieces", "/mcp", with("content-type", "application/json"), over("60"),
					body(`{"jsonrpc":"2.0","i`, `d":12345678901234567890,"meth`, `od":"ping"}`), says(`{"jsonrpc":"2.0","id":12345678901234567890,`+quotaError)),
				get("without a body", "/mcp", over("60"), says(`{"jsonrpc":"2.0",`+quotaError)),
			},
		},
		{
			Name:   "quota: gRPC, status 8",
			Config: one,
			Steps: []Step{
				post("", "/api/v1/s/M", with("content-type", "application/grpc"), answer(200, [2]string{"content-type", "application/grpc"}), answerTrailer("grpc-status", "0"), tells("1", "0", "60")),
				post("", "/api/v1/s/M", with("content-type", "application/grpc"), refused("quota_exceeded", 200), has("grpc-status", "8"), has("retry-after", "60"), tells("1", "0", "60")),
			},
		},
		{
			Name:   "quota: errors and refusals tell of it, too",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 40, "window": "1m"}`),
			Steps: []Step{
				get("", "/api/v1/x", answer(404), tells("40", "39", "60")),
				get("", "/api/v1/x", answer(500), tells("40", "38", "60")),
				get("", "/api/v1/x", answer(301, [2]string{"location", "/"}), tells("40", "37", "60")),
				get("", "/api/v1/x", token("bad"), answer(401), times(20)),
				get("a lockout", "/api/v1/x", locked("60"), has("ratelimit", `"lockout-rest";r=0;t=60`, `"plan";r=17;t=60`), has("x-ratelimit-remaining", "17"), times(5)),
				post("nothing was spent on that", "/mcp", tells("40", "16", "60")),
			},
		},
		{
			Name:   "quota: what the service says of limits of its own is merged",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 10, "window": "1m"}`),
			Steps: []Step{
				get("lists become longer", "/api/v1/x", answer(200, [2]string{"ratelimit", `"theirs";r=1;t=5`}, [2]string{"ratelimit-policy", `"theirs";q=9;w=9`}),
					has("ratelimit", `"theirs";r=1;t=5`, `"plan";r=9;t=60`), has("ratelimit-policy", `"theirs";q=9;w=9`, `"plan";q=10;w=60`)),
				get("less is left there", "/api/v1/x", answer(200, [2]string{"x-ratelimit-limit", "100"}, [2]string{"x-ratelimit-remaining", "7"}, [2]string{"x-ratelimit-reset", "9"}),
					has("x-ratelimit-limit", "100"), has("x-ratelimit-remaining", "7"), has("x-ratelimit-reset", "9"), has("ratelimit", `"plan";r=8;t=60`)),
				get("more is left there", "/api/v1/x", answer(200, [2]string{"x-ratelimit-limit", "100"}, [2]string{"x-ratelimit-remaining", "8"}, [2]string{"x-ratelimit-reset", "3600"}),
					tells("10", "7", "60")),
				get("on a page of another origin", "/api/v1/x", with("origin", "https://app.example"), answer(200, [2]string{"access-control-allow-origin", "*"}),
					tells("10", "6", "60"), has("access-control-expose-headers", "RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")),
			},
		},
		{
			Name:        "quota: a reset as time of day",
			StandInOnly: true, // its time of day is set by hand
			Config:      `{"headers": {"x_ratelimit": "epoch"}, "quotas": [{"name": "plan", "per": ["client"], "limit": 1, "window": "1m"}]}`,
			Steps: []Step{
				get("", "/api/v1/x", has("x-ratelimit-reset", "1800000060"), has("ratelimit", `"plan";r=0;t=60`)),
				get("", "/api/v1/x", after(30*second), over("30"), has("x-ratelimit-reset", "1800000060")),
			},
		},
		{
			Name:   "quota: without the headers that are no standard",
			Config: `{"headers": {"x_ratelimit": "off"}, "quotas": [{"name": "plan", "per": ["client"], "limit": 1, "window": "1m"}]}`,
			Steps: []Step{
				get("", "/api/v1/x", answer(200, [2]string{"x-ratelimit-remaining", "5"}), has("x-ratelimit-remaining", "5"), hasNo("x-ratelimit-reset"), has("ratelimit", `"plan";r=0;t=60`)),
				get("", "/api/v1/x", over("60"), hasNo("x-ratelimit-remaining")),
			},
		},
	}
}

func quotaAlgorithms() []Scenario {
	return []Scenario{
		{
			Name:   "quota: a sliding window lets nobody spend twice where two windows meet",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 10, "window": "1m", "algorithm": "sliding_window"}`),
			Steps: []Step{
				get("", "/api/v1/x", tells("10", "9", "120")),
				get("at the end of the window", "/api/v1/x", after(59*second), times(9)),
				get("", "/api/v1/x", over("7")),
				get("in the next one it still counts", "/api/v1/x", after(second), over("6")),
				get("until a tenth of it is over", "/api/v1/x", after(6*second), tells("10", "0", "6")),
				get("", "/api/v1/x", over("6")),
				get("and after two windows none of it", "/api/v1/x", after(2*time.Minute), tells("10", "9", "120")),
			},
		},
		{
			Name:   "quota: gcra gives back one after the other",
			Config: limited(`{"name": "plan", "per": ["client"], "limit": 10, "window": "1m", "algorithm": "gcra"}`),
			Steps: []Step{
				get("all at once", "/api/v1/x", times(10)),
				get("", "/api/v1/x", over("6")),
				get("a sixtieth of a minute is not enough", "/api/v1/x", after(5*second+999*time.Millisecond), over("1")),
				get("one", "/api/v1/x", after(time.Millisecond), tells("10", "0", "6")),
				get("", "/api/v1/x", over("6")),
				get("two", "/api/v1/x", after(12*second), tells("10", "1", "6")),
				get("", "/api/v1/x", tells("10", "0", "6")),
				get("all of them after a minute", "/api/v1/x", after(time.Minute), tells("10", "9", "6")),
			},
		},
	}
}
