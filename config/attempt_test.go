package config

import "testing"

func TestAttemptWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		{`{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}],
			"lockout": {"keys": [{"per": ["account"], "failures": 3}, {"per": ["account", "client"], "failures": 3, "action": "lock"}]}}]}`, ""},
		{`{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}],
			"lockout": {"keys": [{"per": ["account"], "failures": 3, "action": "lock"}]}}]}`, "surfaces[0].lockout.keys[0].action"},
		{surfacesWith(`{"failures": 20, "window": "10m", "stuffing": {"credentials": 20, "action": "lock"}}`), "surfaces[0].lockout.stuffing.credentials"},
		{surfacesWith(`{"failures": 20, "window": "10m", "stuffing": {"credentials": 19, "action": "lock"}}`), ""},
		{surfacesWith(`{"failures": 20, "window": "599s", "stuffing": {"credentials": 20, "action": "lock"}}`), ""},
		{surfacesWith(`{"failures": 20, "window": "10m", "stuffing": {"credentials": 20}}`), ""},
		{surfacesWith(`{"failures": 20, "window": "10m", "mode": "off", "stuffing": {"credentials": 20, "action": "lock"}}`), "surfaces"},
		{surfacesWith(`{"escalate": {"factor": 2, "max": "9m"}, "stuffing": {"credentials": 4}}`), ""},
	})
}

// Bodies that hide an account are refused on an API that takes logins.
func TestWarnsOfBodies(t *testing.T) {
	surface := func(lockout string) string {
		return `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {` + lockout + `}}]}`
	}
	const warning = "surfaces[0].lockout.count_anonymous"
	checkWarnings(t, []warningsRow{
		{surface(`"count_anonymous": true, "keys": [{"per": ["account"], "failures": 3}]`), warning},
		{surface(`"count_anonymous": true, "spraying": {"clients": 3, "action": "slow"}`), warning},
		{surface(`"count_anonymous": true, "spraying": {"clients": 3}`), ""},
		{surface(`"count_anonymous": true, "keys": [{"per": ["credential"], "failures": 3}]`), ""},
		{surface(`"keys": [{"per": ["account"], "failures": 3}]`), ""},
	})
}
