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
