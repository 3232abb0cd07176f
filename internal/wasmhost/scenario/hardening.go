package scenario

import (
	"strings"
	"time"
)

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
			Name:   "known_good: what OPTIONS is answered says nothing about a credential",
			Config: rest(`"failures": 2, "window": "1m", "known_good": {"for": "1h"}`),
			Steps: []Step{
				step("", "OPTIONS", "/api/v1/x", token("guess"), answer(204)),
				post("which a service may also be asked so", "/api/v1/x", token("guess"), with("x-http-method-override", "options"), answer(204)),
				get("", "/api/v1/x", token("other"), answer(401), times(2)),
				get("", "/api/v1/x", token("guess"), locked("60")),
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
		{
			Name:   "keys: a botnet that guesses at one account is slowed down",
			Config: login(`"keys": [{"per": ["account"], "failures": 3, "window": "10m"}], "account_fields": ["email", "user"]`),
			Steps: []Step{
				attempt("", "alice", at("192.0.2.1:1"), answer(401), times(2)),
				attempt("letter case and spaces are no other account", "%20ALICE+", at("192.0.2.2:1"), answer(401)),
				attempt("one passes, and it takes a second", "alice", at("192.0.2.3:1"), answer(401)),
				attempt("the others wait, wherever they are", "alice", at("192.0.2.4:1"), refused("rate_limited", 429), has("retry-after", "1")),
				attempt("after a second", "alice", at("192.0.2.4:1"), after(second), answer(401)),
				attempt("two seconds now", "alice", at("192.0.2.5:1"), refused("rate_limited", 429), has("retry-after", "2")),
				attempt("then four", "alice", at("192.0.2.5:1"), after(2*second), answer(401)),
				attempt("", "alice", at("192.0.2.6:1"), refused("rate_limited", 429), has("retry-after", "4")),
				attempt("another account is not concerned", "bob", at("192.0.2.6:1"), answer(302)),
				attempt("the owner comes in", "alice", at("192.0.2.9:1"), after(4*second), answer(302)),
				attempt("after a quiet window all is forgotten", "alice", at("192.0.2.7:1"), after(10*time.Minute), answer(401), times(3)),
			},
			Log: []string{"reason=rate_limited retry_after=1"},
		},
		{
			Name:   "keys: an account of one client can be locked, and a credential for all",
			Config: rest(`"failures": 100, "keys": [{"per": ["client", "account"], "failures": 2, "action": "lock"}, {"per": ["credential"], "failures": 3, "action": "lock", "window": "1h"}]`),
			Steps: []Step{
				get("", "/api/v1/x", basic("alice:1"), answer(401)),
				get("", "/api/v1/x", basic("Alice:2"), answer(401)),
				get("", "/api/v1/x", basic("alice:3"), locked("300")),
				get("a decoy in another header hides nothing", "/api/v1/x", with("x-api-key", "Basic ZGVjb3k6eA=="), basic("alice:5"), locked("300")),
				get("another account", "/api/v1/x", basic("bob:1")),
				get("another client", "/api/v1/x", basic("alice:4"), at("192.0.2.2:1")),
				get("a leaked token", "/api/v1/x", token("t"), at("192.0.2.3:1"), answer(401)),
				get("", "/api/v1/x", token("t"), at("192.0.2.4:1"), answer(401)),
				get("", "/api/v1/x", token("t"), at("192.0.2.5:1"), answer(401)),
				get("", "/api/v1/x", token("t"), at("192.0.2.6:1"), locked("3600")),
				get("another token", "/api/v1/x", token("u"), at("192.0.2.6:1")),
			},
		},
		{
			Name:   "keys: a form that names two accounts, or hides one, is refused",
			Config: login(`"keys": [{"per": ["account"], "failures": 3}], "account_fields": ["user"]`),
			Steps: []Step{
				form("", "user=alice&password=x&user=bob", refused("malformed", 400)),
				form("", "us%65r=alice;user=bob", refused("malformed", 400)),
				form("", "x="+strings.Repeat("x", 70000)+"&user=alice", refused("malformed", 400)),
				form("none at all", "password=x", answer(401)),
				form("in pieces", "", answer(401), body("us", "er=al", "ice&pass", "word=x")),
				form("with trailers", "user=alice", answer(401), trailer("a", "b")),
				form("encoded", "%75ser=%61lice", answer(401)),
				attempt("slowed down now", "alice", answer(401)),
				attempt("", "alice", refused("rate_limited", 429)),
				post("a body without a media type hides one, too", "/login", body("user=alice"), refused("malformed", 415)),
			},
		},
		{
			Name:   "keys: an account in the header hides none in the form",
			Config: login(`"pending": 5, "keys": [{"per": ["account"], "failures": 2}], "account_fields": ["user"]`),
			Steps: []Step{
				attempt("", "alice", basic("decoy1:x"), answer(401)),
				attempt("", "alice", basic("decoy2:x"), answer(401)),
				attempt("slowed down now: one passes", "alice", basic("decoy3:x"), answer(401)),
				attempt("", "alice", basic("decoy4:x"), refused("rate_limited", 429)),
				attempt("an account of one's own", "mallory", basic("mallory:right")),
				attempt("excuses no other", "alice", basic("mallory:right"), refused("rate_limited", 429)),
				attempt("nor the other way round", "decoy1", basic("bob:x"), answer(401)),
				attempt("both count", "decoy5", basic("bob:x"), answer(401)),
				attempt("one passes", "decoy6", basic("BOB:x"), answer(401)),
				attempt("", "decoy7", basic("bob:x"), refused("rate_limited", 429)),
				attempt("the same account twice is one attempt", "carol", basic("carol:x"), answer(401)),
				attempt("", "carol", basic("carol:x"), answer(401)),
				attempt("", "carol", basic("carol:x"), answer(401)),
				attempt("", "carol", basic("carol:x"), refused("rate_limited", 429)),
			},
		},
		{
			Name:   "keys: good credentials are not slowed down",
			Config: rest(`"failures": 100, "known_good": {"for": "1h"}, "keys": [{"per": ["account"], "failures": 1}]`),
			Steps: []Step{
				get("alice has worked from here", "/api/v1/x", basic("alice:right")),
				get("somebody guesses her password", "/api/v1/x", basic("alice:wrong"), from("192.0.2.2:1"), answer(401), times(2)),
				get("and waits", "/api/v1/x", basic("alice:wrong"), from("192.0.2.2:1"), refused("rate_limited", 429)),
				get("she does not", "/api/v1/x", basic("alice:right"), times(3)),
				post("not with a form either", "/api/v1/x", basic("alice:right"), with("content-type", "application/x-www-form-urlencoded"), body("username=alice")),
			},
		},
		{
			Name:   "keys: shadow mode",
			Config: login(`"mode": "shadow", "keys": [{"per": ["account"], "failures": 1}], "account_fields": ["user"]`),
			Steps: []Step{
				attempt("", "alice", answer(401), times(5)),
				form("", "user=alice&user=bob", answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_requests_total.surface.login.outcome.shadowed": 4},
			Log:     []string{"shadow refusal surface=login client=192.0.2.1 reason=rate_limited"},
		},
	}
}

// login is a configuration with one consent surface of the given lockout.
func login(lockout string) string {
	return `{"allow_on_headers_stop_iteration": true, "surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login", "methods": ["POST"]}],
		"lockout": {"failures": 100, ` + lockout + `}}]}`
}

func form(note, text string, options ...option) Step {
	return post(note, "/login", append([]option{with("content-type", "application/x-www-form-urlencoded"), body(text)}, options...)...)
}

func attempt(note, account string, options ...option) Step {
	return form(note, "next=%2F&user="+account+"&password=secret", options...)
}
