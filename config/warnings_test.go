package config

import (
	"strings"
	"testing"
)

// warningsRow is a configuration and the paths that its warnings name. The rows
// stand in the tests of the rooms.
type warningsRow struct{ json, want string }

func checkWarnings(t *testing.T, rows []warningsRow) {
	t.Helper()
	for _, row := range rows {
		var paths []string
		for _, w := range mustParse(t, row.json).Warnings() {
			path, message, _ := strings.Cut(w, ": ")
			if !strings.Contains(message, "; ") {
				t.Errorf("%q has no remedy", w)
			}
			paths = append(paths, path)
		}
		if got := strings.Join(paths, " "); got != row.want {
			t.Errorf("%s: got %q, want %q", row.json, got, row.want)
		}
	}
}

func TestDefaultHasNoWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{{`{}`, ""}})
}

// TestWarningsInOrder: the rooms warn in this order, and about lockouts surface by
// surface.
func TestWarningsInOrder(t *testing.T) {
	checkWarnings(t, []warningsRow{{`{"client": {"source": "xff-first"}, "credentials": {"headers": [], "query": [], "websocket_protocols": []},
		"surfaces": [
			{"name": "a", "kind": "api", "match": [{"prefix": "/a", "methods": ["GET"]}],
			 "lockout": {"failures": 9, "window": "10m", "duration": "1m", "stuffing": {"credentials": 9, "action": "lock"},
				"keys": [{"per": ["account"], "failures": 3, "action": "lock"}]}},
			{"name": "b", "kind": "api", "match": [{"path": "/a/b"}],
			 "lockout": {"keys": [{"per": ["account"], "failures": 3, "action": "lock"}]}}],
		"quotas": [{"name": "q", "per": ["path"], "limit": 9, "window": "1m"}],
		"fleet": {"cluster": "ratelimit", "secret": "0123456789abcdef0123456789abcdef"}}`,
		"client.source credentials surfaces[0].lockout.keys[0].action surfaces[0].lockout.duration " +
			"surfaces[0].lockout.stuffing.credentials surfaces[1].lockout.keys[0].action surfaces[1].match[0] quotas[0].per fleet.replicas"}})
}

func TestWarningsOfEnvironment(t *testing.T) {
	c, err := Parse(nil, []string{"TRUST_FORWARDED_FOR=true"})
	if err != nil {
		t.Fatal(err)
	}
	want := `client.source: xff-first lets clients choose their address unless a proxy in front overwrites ` +
		`X-Forwarded-For; use "xff" with trusted_proxies`
	if got := c.Warnings(); len(got) != 1 || got[0] != want {
		t.Errorf("got %q", got)
	}
}
