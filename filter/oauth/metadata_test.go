package oauth

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// RFC 9728 section 3.1.
func TestMetadataURL(t *testing.T) {
	for resource, want := range map[string]string{
		"https://h":         "https://h/.well-known/oauth-protected-resource",
		"https://h/":        "https://h/.well-known/oauth-protected-resource",
		"https://h/mcp":     "https://h/.well-known/oauth-protected-resource/mcp",
		"https://h/a/b":     "https://h/.well-known/oauth-protected-resource/a/b",
		"https://h:8443/a":  "https://h:8443/.well-known/oauth-protected-resource/a",
		"https://[::1]:1/a": "https://[::1]:1/.well-known/oauth-protected-resource/a",
		"http://localhost":  "http://localhost/.well-known/oauth-protected-resource",
		// Only the slash that follows the host is removed.
		"https://h/mcp/": "https://h/.well-known/oauth-protected-resource/mcp/",
	} {
		if got := metadataURL(resource); got != want {
			t.Errorf("%s is described at %s, want %s", resource, got, want)
		}
	}
}

// TestDocuments: which resource is described at which path, for which host.
func TestDocuments(t *testing.T) {
	for _, row := range []struct {
		resources string   // with a mark before that of its host's root
		want      []string // host, path and resource; "-" if none is served
	}{
		{"https://h", []string{"h - https://h", "else - https://h", "a,b - https://h", "h /mcp -"}},
		{"https://h/", []string{"h - https://h/"}},
		{"https://h:1/mcp", []string{"h:1 - https://h:1", "h:1 /mcp https://h:1/mcp", "else /mcp https://h:1/mcp", "else - https://h:1"}},
		{"https://h/mcp/", []string{"h - https://h", "h /mcp/ https://h/mcp/", "h /mcp -"}},
		{"https://h/a https://h/b", []string{"h - -", "h /a https://h/a", "h /b https://h/b"}},
		{"https://h/a *https://h/b", []string{"h - https://h", "h /a https://h/a", "h /b https://h/b"}},
		{"https://h/a https://h", []string{"h - https://h", "h /a https://h/a"}},
		{"https://a/mcp https://b/mcp", []string{
			"a - https://a", "b - https://b", "a /mcp https://a/mcp", "b /mcp https://b/mcp", "B:8443 /mcp https://b/mcp", "b. - https://b",
			"a:443 /mcp https://a/mcp", "else - -", "else /mcp -", "a,b /mcp -", "a@b /mcp -", "a:x - -"}},
		{"https://a/x https://b/y", []string{
			"a - https://a", "b - https://b", "b /x https://a/x", "else /y https://b/y", "a,b /y https://b/y", "else - -"}},
		{"https://a/x https://b", []string{"a - https://a", "b - https://b", "b /x https://a/x"}},
		{"https://h:1/mcp https://h:2/mcp", []string{"h:1 - https://h:1", "h:2 /mcp https://h:2/mcp", "h /mcp -", "h:3 - -"}},
		{"https://[::1]:1/mcp https://[::1]/mcp", []string{"[::1]:1 /mcp https://[::1]:1/mcp", "[::1] /mcp https://[::1]/mcp", "[::1]:2 /mcp -"}},
	} {
		c := &config.Config{}
		for _, resource := range strings.Fields(row.resources) {
			resource, marked := strings.CutPrefix(resource, "*")
			c.OAuth = append(c.OAuth, config.OAuth{Resource: resource, HostDefault: marked, ServeMetadata: true, AuthorizationServers: []string{"https://as"}})
		}
		r := newRoom(t, c)
		for _, want := range row.want {
			ask := strings.Fields(want)
			reply := serve(r, &request.Target{Method: "GET", Path: wellKnown + strings.TrimPrefix(ask[1], "-"), Authority: ask[0]})
			got := "-"
			if reply != nil {
				got = gjson.GetBytes(reply.Body, "resource").String()
			}
			if got != ask[2] {
				t.Errorf("%s: %q at %s%s is %q, want %q", row.resources, ask[0], wellKnown, ask[1], got, ask[2])
			}
		}
	}
}

func TestMetadataDocument(t *testing.T) {
	full := &config.OAuth{
		Resource: "https://h/mcp", AuthorizationServers: []string{"https://a", "https://b"},
		ScopesSupported: []string{"x", "y:z"}, ResourceName: "A \"name\" <\n> é", ResourceDocumentation: "https://h/docs?a=b&c",
	}
	var got map[string]any
	if err := json.Unmarshal(metadata(full, full.Resource), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"resource":                 "https://h/mcp",
		"authorization_servers":    []any{"https://a", "https://b"},
		"scopes_supported":         []any{"x", "y:z"},
		"bearer_methods_supported": []any{"header"},
		"resource_name":            full.ResourceName,
		"resource_documentation":   full.ResourceDocumentation,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// C23: what has no value is left out.
	const empty = `{"resource":"https://h","bearer_methods_supported":["header"]}`
	if got := string(metadata(&config.OAuth{}, "https://h")); got != empty {
		t.Errorf("%s, want %s", got, empty)
	}
}

func TestServeMetadata(t *testing.T) {
	const root = "/.well-known/oauth-protected-resource"
	for _, row := range []struct {
		method, path string
		status       int // 0: not served
	}{
		{"GET", root, 200},
		{"GET", root + "/mcp", 200},
		{"GET", root + "/mcp?x=y", 200},
		{"HEAD", root + "/mcp", 200},
		{"OPTIONS", root + "/mcp", 204},
		{"POST", root + "/mcp", 405},
		{"PUT", root, 405},
		{"get", root, 405},
		{"", root, 405},

		{"GET", root + "-evil", 0},
		{"GET", root + "/", 0},
		{"GET", root + "/mcpx", 0},
		{"GET", root + "/mcp/", 0},
		{"GET", root + "/mcp/x", 0},
		{"GET", root + "/MCP", 0},
		{"GET", root + "//mcp", 0},
		{"GET", "/.well-known/oauth-protected-resourc", 0},
		{"GET", "/.well-known", 0},
		{"GET", "/.well-known/oauth-authorization-server", 0},
		{"GET", "/x" + root, 0},
		{"GET", "/mcp" + root, 0},
		{"GET", root + "/mcp%2f..", 0},
		{"GET", root + "/../../mcp", 0},
		{"GET", "", 0},
	} {
		r := serve(newRoom(t, ofAPI(served)), &request.Target{Method: row.method, Path: row.path})
		if row.status == 0 || r == nil {
			if r != nil || row.status != 0 {
				t.Errorf("%s %s: %+v, want status %d", row.method, row.path, r, row.status)
			}
			continue
		}
		if r.Status != row.status || !strings.Contains(fmt.Sprint(r.Headers), "{access-control-allow-origin *}") {
			t.Errorf("%s %s: %+v", row.method, row.path, r)
		}
		if json.Valid(r.Body) != (row.status == 200) || r.Details != "gatewarden_metadata" {
			t.Errorf("%s %s: %+v", row.method, row.path, r)
		}
	}
}

func TestServeMetadataExactly(t *testing.T) {
	for method, want := range map[string]*proxy.Reply{
		"GET": {Status: 200, Details: "gatewarden_metadata", Headers: fakehost.Headers("content-type", "application/json",
			"cache-control", "public, max-age=3600", "access-control-allow-origin", "*"),
			Body: []byte(`{"resource":"https://h/mcp","authorization_servers":["https://as"],"scopes_supported":["mcp:query"],` +
				`"bearer_methods_supported":["header"]}`)},
		"OPTIONS": {Status: 204, Details: "gatewarden_metadata", Headers: fakehost.Headers("access-control-allow-origin", "*",
			"access-control-allow-methods", "GET, HEAD, OPTIONS",
			"access-control-allow-headers", "mcp-protocol-version, authorization, content-type", "access-control-max-age", "3600")},
		"DELETE": {Status: 405, Details: "gatewarden_metadata", Headers: fakehost.Headers("allow", "GET, HEAD, OPTIONS", "access-control-allow-origin", "*")},
	} {
		got := serve(newRoom(t, ofAPI(served)), &request.Target{Method: method, Path: wellKnown + "/mcp"})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", method, got, want)
		}
	}
}

func TestMetadataNotServed(t *testing.T) {
	for name, c := range map[string]*config.Config{
		"no oauth":         {},
		"not to be served": ofAPI(&config.OAuth{Resource: "https://h", AuthorizationServers: []string{"https://as"}}),
	} {
		if r := serve(newRoom(t, c), &request.Target{Method: "GET", Path: wellKnown}); r != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestRules: each surface has the challenge and the discovery of its own resource (RFC
// 6750 section 3.1).
func TestRules(t *testing.T) {
	r := newRoom(t, &config.Config{
		Surfaces: []config.Surface{
			{Name: "mcp", Kind: config.KindMCP, Match: []config.Match{{Path: "/mcp"}}},
			{Name: "rest", Kind: config.KindAPI, Match: []config.Match{{Path: "/api"}}},
			{Name: "else", Kind: config.KindAPI, Match: []config.Match{{Path: "/else"}}},
			{Name: "login", Kind: config.KindLogin, Match: []config.Match{{Path: "/mcp"}}},
		},
		OAuth: []config.OAuth{
			{Resource: "https://h/api", AuthorizationServers: []string{"https://as/2"}, Realm: "r", ChallengeScope: []string{"s"}},
			*served,
		},
	})
	for i, row := range []struct{ plain, blame, discovery string }{
		{"Bearer " + ourMetadata, `Bearer error="invalid_token", ` + ourMetadata,
			`,"oauth_discovery":{"resource_metadata":"https://h/.well-known/oauth-protected-resource/mcp","authorization_servers":["https://as"]}`},
		{`Bearer realm="r", scope="s", resource_metadata="https://h/.well-known/oauth-protected-resource/api"`,
			`Bearer realm="r", error="invalid_token", scope="s", resource_metadata="https://h/.well-known/oauth-protected-resource/api"`,
			`,"oauth_discovery":{"resource_metadata":"https://h/.well-known/oauth-protected-resource/api","authorization_servers":["https://as/2"]}`},
		{}, {},
	} {
		u := r.Rule(i)
		if got := u.Challenge(false, false); got != row.plain {
			t.Errorf("surface %d: %s, want %s", i, got, row.plain)
		}
		if got := u.Challenge(true, false); got != row.blame {
			t.Errorf("surface %d: %s, want %s", i, got, row.blame)
		}
		foreign := strings.Replace(row.blame, `"invalid_token"`, `"invalid_token", error_description="The token is for another resource"`, 1)
		if got := u.Challenge(true, true); got != foreign {
			t.Errorf("surface %d: %s, want %s", i, got, foreign)
		}
		if got := u.Discovery(); got != row.discovery {
			t.Errorf("surface %d: %s, want %s", i, got, row.discovery)
		}
	}
}

// ofAPI is a configuration of one resource.
func ofAPI(o *config.OAuth) *config.Config { return &config.Config{OAuth: []config.OAuth{*o}} }

var served = &config.OAuth{Resource: "https://h/mcp", AuthorizationServers: []string{"https://as"},
	ScopesSupported: []string{"mcp:query"}, ServeMetadata: true}
