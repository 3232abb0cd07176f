package scenario

import "strings"

// inFleet adds a fleet with further members to a configuration.
func inFleet(configuration, more string) string {
	return strings.TrimSuffix(configuration, "}") + `, "fleet": {"cluster": "` + GRPCCluster + `", "timeout": "1s",
		"secret": "0123456789abcdef0123456789abcdef"` + more + `}}`
}

// shared is a fleet with one rule.
func shared(configuration, rule string) string {
	return inFleet(configuration, `, "rules": [{`+rule+`}]`)
}

// fleets are the proxies that count together. What other proxies have counted is there from
// the beginning.
func fleets() []Scenario {
	const plan = `{"name": "plan", "per": ["client"], "limit": 10, "window": "1h"}`
	const unknown = `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"Requests are counted by a service that cannot be reached at the moment. Try again in 5 seconds."}`
	hourly20 := rest(`"failures": 20, "window": "1h"`)
	return []Scenario{
		{
			Name: "failures at other proxies count", Config: shared(hourly20, `"rule": "lockouts", "mode": "sync"`),
			Fleet: map[string]uint64{"lockout/rest": 18},
			Steps: []Step{
				get("two are left", "/api/v1", token("bad"), answer(401), times(2)),
				get("then nothing is", "/api/v1", token("good"), refused("locked_out", 429)),
				get("and the proxy knows that by itself", "/api/v1", token("good"), refused("locked_out", 429)),
				get("without a credential, nobody is asked", "/healthz"),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.rest":          2,
				"gatewarden_lockouts_total.surface.rest":               0,
				"gatewarden_fleet_lockouts_learned_total.surface.rest": 1,
				"gatewarden_fleet_reports_total.outcome.delivered":     2,
				"gatewarden_fleet_limit_mismatches_total":              0,
			},
			Log: []string{"lockout of the fleet surface=rest client=192.0.2.1 locked_for="},
		},
		{
			Name: "who failed elsewhere is refused here after the first look", Config: inFleet(rest(`"failures": 20, "window": "1m"`), ""),
			Fleet:       map[string]uint64{"lockout/rest": 20},
			StandInOnly: true, // the answer may come before the second request, or after
			Steps: []Step{
				get("nobody waits for the answer", "/api/v1", token("good")),
				get("", "/api/v1", token("good"), locked("60")),
				get("until the service's window ends", "/api/v1", token("good"), after(59*second), locked("1")),
			},
		},
		{
			Name: "a network that failed elsewhere", Config: shared(rest(`"failures": 20, "window": "1h", "wide": {"failures": 100}`), `"rule": "wide", "mode": "sync"`),
			Fleet: map[string]uint64{"wide/rest": 99},
			Steps: []Step{
				get("", "/api/v1", token("bad"), from("192.0.2.7:1"), answer(401)),
				get("", "/api/v1", token("good"), from("192.0.2.8:1"), refused("locked_out", 429)),
				get("", "/api/v1", token("good"), from("198.51.100.8:1")),
			},
		},
		{
			Name: "an account that was attacked elsewhere",
			Config: shared(rest(`"failures": 20, "window": "1h", "keys": [{"per": ["account"], "failures": 3, "window": "1h", "action": "lock"}]`),
				`"rule": "keys", "mode": "sync"`),
			Fleet: map[string]uint64{"key/rest/0": 2},
			Steps: []Step{
				get("", "/api/v1", with("authorization", "Basic YWxpY2U6eA=="), answer(401)),
				get("", "/api/v1", with("authorization", "Basic YWxpY2U6eQ=="), from("192.0.2.9:1"), refused("locked_out", 429)),
				get("another account", "/api/v1", with("authorization", "Basic Ym9iOng="), from("192.0.2.9:1")),
			},
		},
		{
			Name: "a quota that others have used, too", Config: shared(limited(plan), `"rule": "quotas"`),
			Fleet: map[string]uint64{"quota/plan": 8},
			Steps: []Step{
				get("", "/api/v1", has("x-ratelimit-remaining", "1")),
				get("", "/api/v1", has("x-ratelimit-remaining", "0")),
				get("", "/api/v1", refused("quota_exceeded", 429), has("x-ratelimit-remaining", "0"), has("x-ratelimit-limit", "10")),
			},
		},
		{
			Name: "calls that fail are charged no further", Config: shared(priced(hourly), `"rule": "budgets"`),
			Fleet: map[string]uint64{"quota/hour": 9},
			Steps: []Step{
				paid("", "Free-1", call("1", "image", `"count":2`), answer(500)),
				paid("the 50 that are charged already", "Free-1", call("2", "image", `"count":2`)),
				paid("one is left", "Free-1", call("3", "search", "")),
				paid("none", "Free-1", call("4", "search", ""), refused("quota_exceeded", 402)),
			},
		},
		{
			Name: "no service: closed", Config: shared(limited(plan), `"rule": "quotas", "on_error": "closed"`),
			Steps: []Step{get("", "/api/v1", refused("store_unavailable", 503), has("retry-after", "5"), says(unknown))},
			Metrics: map[string]uint64{
				"gatewarden_rate_limited_requests_total.surface.rest.reason.store_unavailable": 1,
				"gatewarden_fleet_fallbacks_total.decision.closed":                             1,
				"gatewarden_fleet_calls_total.kind.ask.outcome.failed":                         1,
			},
		},
		{
			Name: "no service: closed, but in shadow mode", Config: inFleet(strings.Replace(limited(strings.Replace(plan, `"limit"`, `"mode": "shadow", "limit"`, 1)),
				`"kind": "api"`, `"kind": "api", "lockout": {"mode": "shadow", "window": "1h"}`, 1),
				`, "rules": [{"rule": "quotas", "on_error": "closed"}, {"rule": "lockouts", "surfaces": ["rest"], "mode": "sync", "on_error": "closed"}]`),
			Steps: []Step{get("", "/api/v1", token("bad"), answer(401), times(12))},
		},
		{
			Name: "no service: a quota and a lockout that are closed",
			Config: inFleet(strings.Replace(limited(plan), `"kind": "api"`, `"kind": "api", "lockout": {"window": "1h"}`, 1),
				`, "rules": [{"rule": "quotas", "on_error": "closed"}, {"rule": "lockouts", "surfaces": ["rest"], "mode": "sync", "on_error": "closed"}]`),
			Steps: []Step{get("", "/api/v1", token("good"), refused("store_unavailable", 503), times(7))},
		},
		{
			Name: "a quota and a lockout that others have used up", Config: inFleet(strings.Replace(limited(plan), `"kind": "api"`, `"kind": "api", "lockout": {"window": "1h"}`, 1),
				`, "rules": [{"rule": "quotas"}, {"rule": "lockouts", "surfaces": ["rest"], "mode": "sync"}]`),
			Fleet: map[string]uint64{"lockout/rest": 20, "quota/plan": 10},
			Steps: []Step{
				get("", "/api/v1", token("good"), refused("locked_out", 429)),
				get("", "/api/v1", token("good"), refused("locked_out", 429)),
				get("another client", "/api/v1", from("192.0.2.9:1"), refused("quota_exceeded", 429)),
			},
		},
		{
			Name: "no service: open", Config: shared(limited(plan), `"rule": "quotas", "on_error": "open"`),
			Steps: []Step{get("", "/api/v1", times(20))},
		},
		{
			Name: "no service: the part of this proxy", Config: inFleet(limited(plan), `, "replicas": 4, "rules": [{"rule": "quotas"}]`),
			Steps: []Step{
				get("", "/api/v1", times(3)),
				get("", "/api/v1", refused("quota_exceeded", 429), times(2)),
			},
			Log: []string{"fleet not heard cluster=" + GRPCCluster + " calls=ask grpc_status=12"},
		},
	}
}
