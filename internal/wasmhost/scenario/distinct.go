package scenario

import (
	"fmt"
	"strings"
	"time"
)

// distincts are the counts of different credentials and clients.
func distincts() []Scenario {
	at := func(n int) option { return from(fmt.Sprintf("192.0.2.%d:1", n)) }
	return []Scenario{
		{
			Name:    "stuffing: different credentials are counted, each once",
			Config:  rest(`"failures": 100, "stuffing": {"credentials": 3}`),
			Workers: 4,
			Steps: []Step{
				get("a stale credential, retried", "/api/v1/x", token("stale"), answer(401), times(40)),
				get("another", "/api/v1/x", token("old"), answer(401), times(10)),
				get("what is no failure", "/api/v1/x", token("forbidden"), answer(403), times(5)),
				get("nor without a credential", "/api/v1/x", answer(401), times(5)),
				get("another client", "/api/v1/x", token("three"), at(2), answer(401)),
				get("the third: reported", "/api/v1/x", token("third"), answer(401)),
				get("once", "/api/v1/x", token("fourth"), answer(401), times(5)),
				get("and nothing else", "/api/v1/x", token("good")),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.rest":                  1,
				"gatewarden_spraying_total.surface.rest":                  0,
				"gatewarden_lockouts_total.surface.rest":                  0,
				"gatewarden_auth_failures_total.surface.rest":             57,
				"gatewarden_requests_total.surface.rest.outcome.passed":   68,
				"gatewarden_requests_total.surface.rest.outcome.refused":  0,
				"gatewarden_requests_total.surface.rest.outcome.shadowed": 0,
			},
			Log: []string{"stuffing surface=rest client=192.0.2.1 credentials=3 window=600"},
		},
		{
			Name:   "stuffing: one password after the other is no stuffing, one user after the other is",
			Config: rest(`"failures": 100, "stuffing": {"credentials": 3, "action": "lock"}, "spraying": {"clients": 9}, "duration": "1m"`),
			Steps: []Step{
				get("", "/api/v1/x", basic("alice:1"), answer(401)),
				get("", "/api/v1/x", basic("alice:2"), answer(401)),
				get("", "/api/v1/x", basic("alice:3"), answer(401)),
				get("a decoy beside them hides nothing", "/api/v1/x", basic("alice:4"), with("x-api-key", "1"), answer(401)),
				get("", "/api/v1/x", basic("alice:4"), with("x-api-key", "2"), answer(401)),
				get("locked out", "/api/v1/x", basic("alice:right"), locked("60")),
			},
		},
		{
			Name:   "stuffing: a window ends for all its credentials, and a new one counts them anew",
			Config: rest(`"failures": 1000, "stuffing": {"credentials": 3, "window": "10m"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401)),
				get("late in the window", "/api/v1/x", token("b"), after(9*time.Minute), answer(401)),
				get("the next", "/api/v1/x", token("b"), after(time.Minute), answer(401), times(2)),
				get("", "/api/v1/x", token("a"), answer(401)),
				get("three in one", "/api/v1/x", token("c"), after(9*time.Minute), answer(401)),
				get("", "/api/v1/x", token("d"), answer(401)),
				get("and three in the third", "/api/v1/x", token("c"), after(time.Minute), answer(401)),
				get("", "/api/v1/x", token("d"), answer(401)),
				get("", "/api/v1/x", token("e"), answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_stuffing_total.surface.rest": 2},
		},
		{
			Name:   "stuffing: lock locks out until the window ends",
			Config: rest(`"failures": 100, "window": "1m", "known_good": {"for": "1h"}, "stuffing": {"credentials": 3, "action": "lock"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("alice")),
				get("", "/api/v1/x", token("a"), answer(401), times(20)),
				get("", "/api/v1/x", token("b"), after(2*time.Minute), answer(401), times(20)),
				get("", "/api/v1/x", token("c"), answer(401)),
				get("ten minutes after the first", "/api/v1/x", token("d"), locked("480")),
				get("good credentials pass", "/api/v1/x", token("alice")),
				get("other clients are not concerned", "/api/v1/x", token("d"), at(2), answer(401)),
				get("to the end", "/api/v1/x", token("d"), after(479*second), locked("1")),
				get("free again", "/api/v1/x", token("d"), after(second), answer(401)),
				get("", "/api/v1/x", token("a"), answer(401)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("for as many", "/api/v1/x", token("b"), locked("600")),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.rest": 2,
				"gatewarden_lockouts_total.surface.rest": 2,
			},
			Log: []string{"stuffing surface=rest client=192.0.2.1 credentials=3 window=600 locked_for=480"},
		},
		{
			Name:   "stuffing: where a lockout is shorter, each further credential locks out again, for longer",
			Config: rest(`"failures": 100, "duration": "1m", "escalate": {"factor": 2, "max": "3m"}, "stuffing": {"credentials": 2, "window": "1h", "action": "lock"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("", "/api/v1/x", token("c"), locked("60")),
				get("known ones do not", "/api/v1/x", token("a"), after(60*second), answer(401), times(5)),
				get("", "/api/v1/x", token("b"), answer(401), times(5)),
				get("a new one", "/api/v1/x", token("c"), answer(401)),
				get("", "/api/v1/x", token("d"), locked("120")),
				get("", "/api/v1/x", token("d"), after(120*second), answer(401)),
				get("", "/api/v1/x", token("d"), locked("180")),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.rest": 1,
				"gatewarden_lockouts_total.surface.rest": 3,
			},
			Log: []string{
				"stuffing surface=rest client=192.0.2.1 credentials=2 window=3600 locked_for=60",
				"stuffing surface=rest client=192.0.2.1 credentials=3 window=3600 locked_for=120",
				"stuffing surface=rest client=192.0.2.1 credentials=4 window=3600 locked_for=180",
			},
		},
		{
			Name:   "stuffing: without a duration, lockouts grow from its own window",
			Config: rest(`"failures": 100, "window": "1m", "escalate": {"factor": 2, "max": "1d"}, "stuffing": {"credentials": 2, "action": "lock"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("", "/api/v1/x", token("c"), locked("600")),
				get("", "/api/v1/x", token("a"), after(600*second), answer(401)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("", "/api/v1/x", token("c"), locked("1200")),
			},
		},
		{
			Name:   "stuffing: the failures that lock out come first, and are not prolonged",
			Config: rest(`"failures": 3, "window": "1m", "stuffing": {"credentials": 3, "window": "1h", "action": "lock"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("", "/api/v1/x", token("c"), answer(401)),
				get("a minute, not an hour", "/api/v1/x", token("d"), locked("60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.rest": 1,
				"gatewarden_lockouts_total.surface.rest": 1,
			},
		},
		{
			Name:   "stuffing: a success takes no credential back",
			Config: rest(`"failures": 100, "reset_on_success": true, "stuffing": {"credentials": 3}`),
			Steps: []Step{
				get("", "/api/v1/x", basic("alice:wrong"), answer(401)),
				get("", "/api/v1/x", basic("alice:right")),
				get("", "/api/v1/x", basic("bob:wrong"), answer(401)),
				get("", "/api/v1/x", basic("carol:wrong"), answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_stuffing_total.surface.rest": 1},
		},
		{
			Name:   "stuffing: shadow mode",
			Config: rest(`"failures": 100, "mode": "shadow", "stuffing": {"credentials": 2, "action": "lock"}`),
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("would be refused", "/api/v1/x", token("c"), answer(401), times(3)),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.rest":                  1,
				"gatewarden_lockouts_total.surface.rest":                  1,
				"gatewarden_requests_total.surface.rest.outcome.shadowed": 3,
			},
			Log: []string{"stuffing surface=rest client=192.0.2.1 credentials=2", "shadow refusal surface=rest client=192.0.2.1 reason=locked_out"},
		},
		{
			Name: "stuffing and spraying: clients on the allow list are never counted, surfaces apart",
			Config: `{"client": {"allow": ["192.0.2.1"]}, "surfaces": [
				{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"stuffing": {"credentials": 2}, "spraying": {"clients": 2}}},
				{"name": "b", "kind": "api", "match": [{"prefix": "/b"}], "lockout": {"stuffing": {"credentials": 2}, "spraying": {"clients": 2}}}]}`,
			Steps: []Step{
				get("", "/a", basic("alice:x"), at(1), answer(401)),
				get("", "/a", basic("bob:x"), at(1), answer(401)),
				get("", "/a", basic("alice:x"), at(2), answer(401)),
				get("", "/b", basic("alice:x"), at(3), answer(401)),
				get("", "/b", basic("bob:x"), at(2), answer(401)),
				get("now, both", "/b", basic("Bob:x"), at(3), answer(401)),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.a": 0, "gatewarden_spraying_total.surface.a": 0,
				"gatewarden_stuffing_total.surface.b": 1, "gatewarden_spraying_total.surface.b": 1,
			},
		},
		{
			Name:   "stuffing: where a form logs in, accounts are counted, and a report refuses nothing",
			Config: login(`"stuffing": {"credentials": 3}, "account_fields": ["user"]`),
			Steps: []Step{
				attempt("a password is mistyped", "alice", answer(401), times(10)),
				form("with another one", "user=ALICE&password=other", answer(401)),
				attempt("another account", "bob", answer(401)),
				form("in pieces", "", answer(401), body("us", "er=b", "ob&pass", "word=x")),
				form("none", "password=x", answer(401), times(3)),
				form("two at once are none", "user=a&user=b", answer(401), times(3)),
				form("nor is one too long", "x="+strings.Repeat("x", 70000)+"&user=carol", answer(401)),
				attempt("a success", "carol", answer(302)),
				form("the third, with trailers", "user=dave", answer(401), trailer("a", "b")),
			},
			Metrics: map[string]uint64{
				"gatewarden_stuffing_total.surface.login":                 1,
				"gatewarden_auth_failures_total.surface.login":            21,
				"gatewarden_requests_total.surface.login.outcome.refused": 0,
			},
			Log: []string{"stuffing surface=login client=192.0.2.1 credentials=3 window=600"},
		},
		{
			Name:   "stuffing: a decoy in the header hides no account, and lock refuses a form with two",
			Config: login(`"stuffing": {"credentials": 3, "action": "lock"}, "account_fields": ["user"]`),
			Steps: []Step{
				attempt("", "alice", basic("decoy:x"), answer(401)),
				attempt("", "bob", basic("decoy:x"), answer(401)),
				attempt("", "alice", basic("DECOY:y"), answer(401)),
				form("", "user=alice&user=bob", refused("malformed", 400)),
				attempt("", "carol", basic("decoy:x"), answer(401)),
				attempt("", "dave", locked("600")),
			},
			Metrics: map[string]uint64{"gatewarden_stuffing_total.surface.login": 1},
		},
		{
			Name:   "stuffing: nor does a decoy in the form",
			Config: login(`"stuffing": {"credentials": 3}, "account_fields": ["user"]`),
			Steps: []Step{
				attempt("", "decoy", basic("alice:x"), answer(401)),
				attempt("", "decoy", basic("bob:x"), answer(401)),
				attempt("", "decoy", basic("carol:x"), answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_stuffing_total.surface.login": 1},
		},
		{
			Name:    "spraying: different clients are counted, each once",
			Config:  login(`"spraying": {"clients": 3}, "account_fields": ["user"]`),
			Workers: 4,
			Steps: []Step{
				attempt("", "alice", at(1), answer(401), times(20)),
				attempt("", "ALICE+", at(2), answer(401), times(20)),
				attempt("another account", "bob", at(3), answer(401)),
				attempt("a success", "alice", at(4), answer(302)),
				attempt("the third: reported", "alice", at(5), answer(401)),
				attempt("once", "alice", at(6), answer(401), times(3)),
				attempt("", "alice", at(7), answer(401)),
			},
			Metrics: map[string]uint64{
				"gatewarden_spraying_total.surface.login":                 1,
				"gatewarden_stuffing_total.surface.login":                 0,
				"gatewarden_requests_total.surface.login.outcome.refused": 0,
			},
			Log: []string{"spraying surface=login account="},
		},
		{
			Name:   "spraying: slow slows down attempts on the account, whoever makes them",
			Config: login(`"spraying": {"clients": 3, "window": "10m", "action": "slow"}, "account_fields": ["user"]`),
			Steps: []Step{
				attempt("", "alice", at(1), answer(401), times(10)),
				attempt("", "alice", at(2), answer(401), times(10)),
				attempt("nine minutes later", "alice", at(3), after(9*time.Minute), answer(401)),
				attempt("one passes, and it takes a second", "alice", at(1), answer(401)),
				attempt("the others wait", "alice", at(4), refused("rate_limited", 429), has("retry-after", "1")),
				attempt("another account is not concerned", "bob", at(4), answer(401)),
				attempt("after a second", "alice", at(4), after(second), answer(401)),
				attempt("two seconds now", "alice", at(2), refused("rate_limited", 429), has("retry-after", "2")),
				attempt("the owner comes in", "alice", at(9), after(2*second), answer(302)),
				attempt("", "alice", at(2), refused("rate_limited", 429), has("retry-after", "4")),
				attempt("as long as attempts go on", "alice", at(2), after(9*time.Minute), answer(401)),
				attempt("", "alice", at(5), refused("rate_limited", 429), has("retry-after", "4")),
				attempt("after a quiet window all is forgotten", "alice", at(1), after(10*time.Minute), answer(401), times(5)),
				attempt("", "alice", at(2), answer(401), times(5)),
				form("a form with two accounts is refused", "user=alice&user=bob", refused("malformed", 400)),
			},
			Metrics: map[string]uint64{
				"gatewarden_spraying_total.surface.login":                                  1,
				"gatewarden_lockouts_total.surface.login":                                  0,
				"gatewarden_rate_limited_requests_total.surface.login.reason.rate_limited": 4,
			},
		},
		{
			Name:   "spraying: good credentials are not slowed down",
			Config: rest(`"failures": 100, "known_good": {"for": "1h"}, "spraying": {"clients": 2, "action": "slow"}`),
			Steps: []Step{
				get("alice has worked from here", "/api/v1/x", basic("alice:right")),
				get("", "/api/v1/x", basic("alice:wrong"), at(2), answer(401)),
				get("", "/api/v1/x", basic("alice:wrong"), at(3), answer(401)),
				get("one passes", "/api/v1/x", basic("alice:wrong"), at(4), answer(401)),
				get("", "/api/v1/x", basic("alice:wrong"), at(4), refused("rate_limited", 429)),
				get("she does not wait", "/api/v1/x", basic("alice:right"), times(3)),
				get("tokens have no account", "/api/v1/x", token("t"), at(4), answer(401)),
			},
		},
		{
			Name:   "spraying: shadow mode",
			Config: login(`"mode": "shadow", "spraying": {"clients": 2, "action": "slow"}, "account_fields": ["user"]`),
			Steps: []Step{
				attempt("", "alice", at(1), answer(401)),
				attempt("", "alice", at(2), answer(401)),
				attempt("", "alice", at(3), answer(401), times(3)),
			},
			Metrics: map[string]uint64{
				"gatewarden_spraying_total.surface.login":                  1,
				"gatewarden_requests_total.surface.login.outcome.shadowed": 2,
			},
			Log: []string{"shadow refusal surface=login client=192.0.2.3 reason=rate_limited"},
		},
	}
}
