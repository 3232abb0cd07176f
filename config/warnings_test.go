package config

import (
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	surfaces := func(lockouts ...string) string {
		var list []string
		for i, l := range lockouts {
			n := itoa(uint32(i))
			list = append(list, `{"name": "s`+n+`", "kind": "api", "match": [{"path": "/`+n+`"}], "lockout": `+l+`}`)
		}
		return `{"surfaces": [` + strings.Join(list, ",") + `]}`
	}
	quotas := func(rules ...string) string {
		var list []string
		for i, r := range rules {
			list = append(list, `{"name": "q`+itoa(uint32(i))+`", "window": "1m", `+r+`}`)
		}
		return `{"quotas": [` + strings.Join(list, ",") + `]}`
	}
	shadow := func(first, second string) string {
		return `{"surfaces": [{"name": "first", "kind": "api", "match": [` + first + `]},
			{"name": "second", "kind": "api", "match": [` + second + `]}]}`
	}
	for _, row := range []struct {
		json string
		want string // the paths that are warned about
	}{
		{`{}`, ""},
		{`{"client": {"source": "xff-first"}}`, "client.source"},
		{`{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8"]}}`, ""},
		{`{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8", "0.0.0.0/0"]}}`, "client.trusted_proxies"},
		{`{"client": {"source": "header:x-real-ip", "trusted_proxies": ["::/0"]}}`, "client.trusted_proxies"},
		{`{"client": {"trusted_proxies": ["0.0.0.0/0"]}}`, ""},
		{`{"client": {"ipv6_prefix": 64}}`, ""},
		{`{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}],
			"lockout": {"keys": [{"per": ["account"], "failures": 3}, {"per": ["account", "client"], "failures": 3, "action": "lock"}]}}]}`, ""},
		{`{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}],
			"lockout": {"keys": [{"per": ["account"], "failures": 3, "action": "lock"}]}}]}`, "surfaces[0].lockout.keys[0].action"},
		{`{"client": {"ipv6_prefix": 65}}`, "client.ipv6_prefix"},
		{`{"client": {"allow": ["10.0.0.0/8"]}}`, ""},
		{`{"client": {"allow": ["::ffff:0:0/96"]}}`, "client.allow"},
		{`{"credentials": {"headers": []}}`, "credentials"},
		{`{"credentials": {"headers": [], "cookies": ["session"]}}`, ""},
		{surfaces(`{"window": "5m", "duration": "299s"}`), "surfaces[0].lockout.duration"},
		{surfaces(`{"window": "5m", "duration": "5m"}`), ""},
		{surfaces(`{"window": "5m", "duration": "1m", "mode": "off"}`), "surfaces"},
		{surfaces(`{"mode": "off"}`, `{"failures": 0}`), "surfaces"},
		{surfaces(`{"mode": "off"}`, `{}`), ""},
		{strings.Replace(surfaces(`{"mode": "off"}`), "{", `{"identity": [{"source": "metadata", "subject": "sub"}], `, 1), ""},
		{strings.Replace(surfaces(`{"mode": "off"}`), "{", `{"quotas": [{"name": "each", "per": ["client"], "limit": 9, "window": "1m"}], `, 1), ""},
		{surfaces(`{"failures": 20, "window": "10m", "stuffing": {"credentials": 20, "action": "lock"}}`), "surfaces[0].lockout.stuffing.credentials"},
		{surfaces(`{"failures": 20, "window": "10m", "stuffing": {"credentials": 19, "action": "lock"}}`), ""},
		{surfaces(`{"failures": 20, "window": "599s", "stuffing": {"credentials": 20, "action": "lock"}}`), ""},
		{surfaces(`{"failures": 20, "window": "10m", "stuffing": {"credentials": 20}}`), ""},
		{surfaces(`{"failures": 20, "window": "10m", "mode": "off", "stuffing": {"credentials": 20, "action": "lock"}}`), "surfaces"},
		{surfaces(`{"escalate": {"factor": 2, "max": "9m"}, "stuffing": {"credentials": 4}}`), ""},
		{`{"surfaces": []}`, ""},
		// A surface that is wider and comes first takes some requests of another.
		{shadow(`{"prefix": "/a", "methods": ["POST"]}`, `{"path": "/a/login"}`), "surfaces[1].match[0]"},
		{shadow(`{"prefix": "/A", "methods": ["POST"]}`, `{"path": "/a/login"}`), "surfaces[1].match[0]"},
		{shadow(`{"prefix": "/a", "methods": ["GET"]}`, `{"prefix": "/a/b", "methods": ["HEAD", "POST"]}`), "surfaces[1].match[0]"},
		{shadow(`{"prefix": "/a", "methods": ["POST"]}`, `{"prefix": "/a/b", "methods": ["GET"]}`), ""},
		{shadow(`{"prefix": "/a", "methods": ["POST"]}`, `{"path": "/ab"}`), ""},
		{shadow(`{"prefix": "/a", "methods": ["POST"]}`, `{"path": "/a"}`), "surfaces[1].match[0]"},
		{shadow(`{"path": "/a", "methods": ["GET", "POST"]}`, `{"path": "/a", "methods": ["POST", "PUT"]}`), "surfaces[1].match[0]"},
		// The narrower one first is how exceptions are made.
		{shadow(`{"path": "/a/login"}`, `{"prefix": "/a"}`), ""},
		{shadow(`{"prefix": "/a", "methods": ["POST"]}`, `{"prefix": "/a"}`), ""},
		{quotas(`"per": ["path"], "limit": 5`), "quotas[0].per"},
		{quotas(`"per": ["path"], "limit": 5, "mode": "off"`), ""},
		{quotas(`"per": ["subject", "path"], "limit": 5`), "quotas[0].per"},
		{quotas(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9`), ""},
		{quotas(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9, "mode": "shadow"`), "quotas[0].per"},
		{quotas(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9, "surfaces": ["mcp"]`), "quotas[0].per"},
		{quotas(`"per": ["subject", "path"], "limit": 5, "surfaces": ["mcp"]`, `"per": ["subject"], "limit": 9, "surfaces": ["mcp", "rest"]`), ""},
		{quotas(`"per": ["subject", "path"], "limit": 5, "surfaces": ["mcp", "rest"]`, `"per": ["subject"], "limit": 9, "surfaces": ["mcp"]`), "quotas[0].per"},
		{quotas(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9, "paths": [{"prefix": "/mcp"}]`), "quotas[0].per"},
		{quotas(`"per": ["client"], "limits": {"free": 5, "trial": 0, "default": 9}`), "quotas[0].limits.trial"},
		{quotas(`"per": ["client"], "limits": {"free": 5, "default": "unlimited"}`), "quotas"},
		{quotas(`"per": ["client"], "limits": {"free": 5, "default": 0}`), "quotas"},
		{quotas(`"per": ["client"], "limits": {"free": 5, "default": "unlimited"}`, `"per": ["client"], "limit": 9`), ""},
		{quotas(`"per": ["client"], "limit": 0`), ""},
		{`{"client": {"source": "xff-first", "ipv6_prefix": 128, "allow": ["0.0.0.0/0"]}}`, "client.source client.ipv6_prefix client.allow"},
	} {
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
