package scenario

import "time"

// hardening are the options for services that are under attack.
func hardening() []Scenario {
	at := func(address string) option { return from(address) }
	return []Scenario{
		{
			Name:   "known_good: colleagues of an attacker are served on",
			Config: rest(`"failures": 5, "window": "1m", "known_good": {"for": "1h"}`),
			Steps: []Step{
				get("alice has worked from here", "/api/v1/x", token("alice")),
				get("somebody guesses", "/api/v1/x", token("guess"), answer(401), times(5)),
				get("and is locked out", "/api/v1/x", token("guess"), locked("60")),
				get("with whatever is new here", "/api/v1/x", token("bob"), locked("60")),
				get("and with nothing", "/api/v1/x", locked("60")),
				get("alice is not", "/api/v1/x", token("alice"), times(3)),
				get("her token is revoked: one failure", "/api/v1/x", token("alice"), answer(401)),
				get("ends her standing", "/api/v1/x", token("alice"), locked("60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_requests_total.surface.rest.outcome.known_good": 4,
				"gatewarden_requests_total.surface.rest.outcome.passed":     6,
				"gatewarden_auth_failures_total.surface.rest":               6,
			},
		},
		{
			Name:   "known_good: a standing ends in time, and belongs to client and surface",
			Config: rest(`"failures": 2, "window": "1m", "duration": "5h", "known_good": {"for": "1h", "failures": 3}`),
			Steps: []Step{
				get("", "/api/v1/x", token("alice")),
				get("", "/api/v1/x", token("guess"), answer(401), times(2)),
				get("her own failures are allowed", "/api/v1/x", token("alice"), answer(401), times(2)),
				get("and forgotten with a success", "/api/v1/x", token("alice")),
				get("", "/api/v1/x", token("alice"), answer(401), times(2)),
				get("", "/api/v1/x", token("alice")),
				get("an hour after the last success", "/api/v1/x", token("alice"), after(time.Hour), has("retry-after"), refused("locked_out", 429), has("retry-after", "14400")),
				get("elsewhere", "/api/v1/x", token("guess"), at("192.0.2.2:1"), answer(401), times(2)),
				get("she is unknown", "/api/v1/x", token("alice"), at("192.0.2.2:1"), locked("18000")),
			},
		},
		{
			Name:   "known_good is off by default",
			Config: rest(`"failures": 2, "window": "1m"`),
			Steps: []Step{
				get("", "/api/v1/x", token("alice")),
				get("", "/api/v1/x", token("guess"), answer(401), times(2)),
				get("", "/api/v1/x", token("alice"), locked("60")),
			},
		},
		{
			Name:   "wide: many addresses of one network share a second limit",
			Config: rest(`"failures": 3, "window": "1m", "wide": {"failures": 7}`),
			Steps: []Step{
				get("", "/api/v1/x", token("x"), at("192.0.2.1:1"), answer(401), times(2)),
				get("", "/api/v1/x", token("x"), at("192.0.2.2:1"), answer(401), times(2)),
				get("", "/api/v1/x", token("x"), at("192.0.2.3:1"), answer(401), times(3)),
				get("the client's own limit", "/api/v1/x", token("x"), at("192.0.2.3:1"), locked("60")),
				get("the network's", "/api/v1/x", token("x"), at("192.0.2.4:1"), locked("60")),
				get("another network", "/api/v1/x", token("x"), at("192.0.3.1:1")),
				get("IPv6", "/api/v1/x", token("x"), at("[2001:db8:1:1::1]:1"), answer(401), times(2)),
				get("", "/api/v1/x", token("x"), at("[2001:db8:1:2::1]:1"), answer(401), times(2)),
				get("", "/api/v1/x", token("x"), at("[2001:db8:1:3::1]:1"), answer(401), times(3)),
				get("a /48", "/api/v1/x", token("x"), at("[2001:db8:1:4::1]:1"), locked("60")),
				get("another", "/api/v1/x", token("x"), at("[2001:db8:2:4::1]:1")),
			},
			Metrics: map[string]uint64{
				"gatewarden_lockouts_total.surface.rest":         2,
				"gatewarden_network_lockouts_total.surface.rest": 2,
				"gatewarden_auth_failures_total.surface.rest":    14,
			},
			Log: []string{"network lockout surface=rest client=192.0.2.0/24 failures=7 locked_for="},
		},
		{
			Name:   "pending: attempts one after the other are not held back",
			Config: rest(`"failures": 3, "window": "1m", "pending": 1`),
			Steps: []Step{
				get("", "/api/v1/x", token("good"), times(20)),
				get("", "/api/v1/x", times(20)),
				get("", "/api/v1/x", token("bad"), answer(401), times(3)),
				get("", "/api/v1/x", token("bad"), locked("60")),
				get("and no slot is left behind", "/api/v1/x", token("bad"), after(60*second), answer(401), times(3)),
				get("", "/api/v1/x", token("bad"), locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_rate_limited_requests_total.surface.rest.reason.rate_limited": 0},
		},
	}
}
