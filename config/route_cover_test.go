package config

import (
	"strings"
	"testing"
)

// TestCoveredBy writes a match as "POST,GET /path" or "* /prefix/**", with "@a,*.b" behind
// it for hosts.
func TestCoveredBy(t *testing.T) {
	for _, row := range []struct {
		earlier string // separated by "; "; exempt entries begin with "!"
		match   string
		want    string // the numbers of the earlier ones that together take all requests
	}{
		{"* /a", "* /a", "0"},
		{"* /a", "POST /a", "0"},
		{"POST /a", "* /a", ""},
		{"POST /a", "POST /a", "0"},
		{"POST /a", "POST,PUT /a", ""},
		{"POST /a; PUT /a", "POST,PUT /a", "01"},
		{"POST /a; POST /a; PUT /a", "POST,PUT /a", "02"},
		{"POST /a; * /a", "POST,PUT /a", "1"},
		{"POST /a; PUT /a", "* /a", ""},

		{"GET /a", "HEAD /a", "0"},
		{"HEAD /a", "GET /a", ""},
		{"HEAD /a; GET /a", "GET /a", "01"},
		{"GET /a", "GET,HEAD /a", "0"},
		{"GET,POST /a", "GET /a", "0"},

		{"* /a/**", "* /a", "0"},
		{"* /a/**", "* /a/b/c", "0"},
		{"* /a/**", "* /a/b/**", "0"},
		{"* /a/**", "* /ab", ""},
		{"* /a/**", "* /", ""},
		{"* /a", "* /a/**", ""},
		{"* /a; * /a/b/**", "* /a/**", ""},
		{"* /**", "* /", "0"},
		{"* /**", "* /a/**", "0"},
		{"* /", "* /**", ""},
		{"* /", "* /a", ""},

		{"POST /a/**; PUT /a/b", "POST,PUT /a/b", "01"},
		{"POST /a/**; PUT /a/b", "POST,PUT /a/b/**", ""},

		{"* /A", "* /a", "0"},
		{"* /a/**", "* /A/B", "0"},
		{"!* /a", "* /a", "0"},
		{"!* /A", "* /a", ""},
		{"!* /A", "* /A", "0"},
		{"!* /a/**", "* /a/B", "0"},
		{"!* /a/**", "* /A/b", ""},
		{"!POST /a; PUT /A", "POST,PUT /a", "01"},

		{"* /a", "* /a@h", "0"},
		{"* /a@h", "* /a", ""},
		{"* /a@h", "* /a@h", "0"},
		{"* /a@h", "* /a@i", ""},
		{"* /a@h,i", "* /a@i", "0"},
		{"* /a@h", "* /a@h,i", ""},
		{"* /a@h; * /a@i", "* /a@i,h", "10"},
		{"* /a@h; * /a@h,i", "* /a@i,h", "10"},
		{"* /a@*.h", "* /a@b.h,c.b.h,*.h,*.b.h", "0"},
		{"* /a@*.h", "* /a@h", ""},
		{"* /a@b.h", "* /a@*.h", ""},
		{"!* /a@h; POST /a@i; PUT /a", "POST,PUT /a@h,i", "012"},
		{"POST /a@h; PUT /a@i", "POST,PUT /a@h,i", ""},
	} {
		var claims []claim
		for i, text := range strings.Split(row.earlier, "; ") {
			text, exempt := strings.CutPrefix(text, "!")
			m := parseMatch(text)
			if !exempt {
				m.Path = strings.ToLower(m.Path)
			}
			claims = append(claims, claim{Match: &m, path: m.Path, name: string(rune('0' + i)), exempt: exempt})
		}
		got, match := "", parseMatch(row.match)
		for _, c := range coveredBy(&match, claims) {
			got += c.name
		}
		if got != row.want {
			t.Errorf("%q after %q: got %q, want %q", row.match, row.earlier, got, row.want)
		}
	}
}

func parseMatch(text string) Match {
	text, hosts, _ := strings.Cut(text, "@")
	methods, path, _ := strings.Cut(text, " ")
	var m Match
	if hosts != "" {
		m.Hosts = strings.Split(hosts, ",")
	}
	if methods != "*" {
		m.Methods = strings.Split(methods, ",")
	}
	if m.Path, m.Prefix = strings.CutSuffix(path, "/**"); m.Path == "" {
		m.Path = "/"
	}
	return m
}

// TestCoverDoesNotChangeMethods: withHead leaves its argument as it is.
func TestCoverDoesNotChangeMethods(t *testing.T) {
	methods := append(make([]string, 0, 8), "GET")
	if got := withHead(methods); len(got) != 2 {
		t.Fatalf("got %v", got)
	}
	if spare := methods[:2][1]; spare != "" {
		t.Errorf("the caller's list has %q behind its end", spare)
	}
}

func TestShadowWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		// An earlier match with a wider path takes some requests.
		{inOrder(`{"prefix": "/a", "methods": ["POST"]}`, `{"path": "/a/login"}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/A", "methods": ["POST"]}`, `{"path": "/a/login"}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "methods": ["GET"]}`, `{"prefix": "/a/b", "methods": ["HEAD", "POST"]}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "methods": ["POST"]}`, `{"prefix": "/a/b", "methods": ["GET"]}`), ""},
		{inOrder(`{"prefix": "/a", "methods": ["POST"]}`, `{"path": "/ab"}`), ""},
		{inOrder(`{"prefix": "/a", "methods": ["POST"]}`, `{"path": "/a"}`), "surfaces[1].match[0]"},
		{inOrder(`{"path": "/a", "methods": ["GET", "POST"]}`, `{"path": "/a", "methods": ["POST", "PUT"]}`), "surfaces[1].match[0]"},
		// So does one with all hosts, or with some of the hosts.
		{inOrder(`{"path": "/a", "methods": ["POST"]}`, `{"path": "/a", "hosts": ["h"]}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "hosts": ["h"]}`, `{"path": "/a/b", "hosts": ["i", "h"]}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "hosts": ["*.h"]}`, `{"prefix": "/a", "hosts": ["h", "i.h"]}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "hosts": ["h", "i"], "methods": ["POST"]}`, `{"prefix": "/a", "hosts": ["i", "j"]}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "hosts": ["h", "i"], "methods": ["POST"]}`, `{"prefix": "/a", "hosts": ["i", "j"], "methods": ["GET"]}`), ""},
		{inOrder(`{"prefix": "/a", "hosts": ["h"], "methods": ["POST"]}`, `{"path": "/a/b", "hosts": ["h"]}`), "surfaces[1].match[0]"},
		{inOrder(`{"prefix": "/a", "hosts": ["h"], "methods": ["POST"]}`, `{"path": "/a/b", "hosts": ["i"]}`), ""},
		{inOrder(`{"prefix": "/a", "hosts": ["h"]}`, `{"prefix": "/a", "hosts": ["i"]}`), ""},
		// An earlier match with a narrower path, or with fewer hosts, makes an exception.
		{inOrder(`{"prefix": "/a", "hosts": ["h"]}`, `{"prefix": "/a"}`), ""},
		{inOrder(`{"prefix": "/a", "hosts": ["h"]}`, `{"path": "/a/b"}`), ""},
		{inOrder(`{"prefix": "/a", "hosts": ["i.h"]}`, `{"prefix": "/a", "hosts": ["*.h"]}`), ""},
		{inOrder(`{"path": "/a/login"}`, `{"prefix": "/a"}`), ""},
		{inOrder(`{"prefix": "/a", "methods": ["POST"]}`, `{"prefix": "/a"}`), ""},
	})
}

// inOrder is a configuration of two surfaces with these matches.
func inOrder(first, second string) string {
	return `{"surfaces": [{"name": "first", "kind": "api", "match": [` + first + `]},
		{"name": "second", "kind": "api", "match": [` + second + `]}]}`
}

// TestWarnsOfTheExemptRoot: the default list exempts "/", also where a surface is for
// everything.
func TestWarnsOfTheExemptRoot(t *testing.T) {
	surface := func(match string) string {
		return `"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/b"}, {` + match + `}]}]}`
	}
	checkWarnings(t, []warningsRow{
		{`{` + surface(`"prefix": "/"`), "exempt"},
		{`{` + surface(`"prefix": "/a"`), ""},
		{`{"exempt": [], ` + surface(`"prefix": "/"`), ""},
		{`{"exempt": [{"path": "/"}], ` + surface(`"prefix": "/"`), ""},
		{`{"exempt": [{"path": "/"}, {"path": "/healthz"}, {"path": "/metrics"}, {"prefix": "/.well-known"}, {"path": "/oauth/token"}], ` + surface(`"prefix": "/"`), ""},
	})
}
