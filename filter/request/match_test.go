package request

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

func TestCovers(t *testing.T) {
	for _, row := range []struct {
		match config.Match
		path  string
		want  bool
	}{
		{config.Match{Path: "/mcp"}, "/mcp", true},
		{config.Match{Path: "/mcp"}, "/mcp/x", false},
		{config.Match{Path: "/mcp"}, "/MCP", false},
		{config.Match{Path: "/mcp", Prefix: true}, "/mcp", true},
		{config.Match{Path: "/mcp", Prefix: true}, "/mcp/x", true},
		{config.Match{Path: "/mcp", Prefix: true}, "/mcpx", false},
		{config.Match{Path: "/mcp", Prefix: true}, "/mc", false},
		{config.Match{Path: "/mcp", Prefix: true}, "/x/mcp", false},
		{config.Match{Path: "/", Prefix: true}, "/", true},
		{config.Match{Path: "/", Prefix: true}, "/x", true},
		{config.Match{Path: "/"}, "/x", false},
	} {
		if got := Covers(&row.match, row.path); got != row.want {
			t.Errorf("%+v covers %q: %v", row.match, row.path, got)
		}
	}
}

// A rule that guards applies if a service may run a listed method, and a rule that
// exempts only if no service can run another one.
func TestMethods(t *testing.T) {
	for _, row := range []struct {
		listed       []string
		method       string
		overrides    []string
		may, certain bool
	}{
		{nil, "GET", nil, true, true},
		{nil, "GET", []string{"PUT"}, true, true},
		{[]string{"GET"}, "GET", nil, true, true},
		{[]string{"GET"}, "get", nil, true, true},
		{[]string{"GET"}, "HEAD", nil, true, true},
		{[]string{"GET"}, "head", nil, true, true},
		{[]string{"HEAD"}, "GET", nil, false, false},
		{[]string{"GET"}, "", nil, false, false},
		{[]string{"POST", "DELETE"}, "DELETE", nil, true, true},
		{[]string{"POST", "DELETE"}, "PUT", nil, false, false},
		{[]string{"POST"}, "PUT", []string{"POST"}, true, false},
		{[]string{"POST"}, "PUT", []string{"PATCH", "post"}, true, false},
		{[]string{"POST"}, "POST", []string{"PUT"}, true, false},
		{[]string{"POST"}, "PUT", []string{"PATCH"}, false, false},
		{[]string{"GET"}, "PUT", []string{"HEAD"}, true, false},
	} {
		m, target := config.Match{Path: "/x", Methods: row.listed}, Target{Method: row.method, Overrides: row.overrides}
		if got := May(&m, &target, "/x"); got != row.may {
			t.Errorf("%v may match %s %v: %v", row.listed, row.method, row.overrides, got)
		}
		if got := Surely(&m, &target, "/x"); got != row.certain {
			t.Errorf("%v surely matches %s %v: %v", row.listed, row.method, row.overrides, got)
		}
		if May(&m, &target, "/y") || Surely(&m, &target, "/y") {
			t.Errorf("%v matches another path", row.listed)
		}
	}
}
