package oauth

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

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

func TestDocuments(t *testing.T) {
	for _, row := range []struct {
		resource string
		want     map[string]string // path to resource
	}{
		{"https://h", map[string]string{"/.well-known/oauth-protected-resource": "https://h"}},
		{"https://h/", map[string]string{"/.well-known/oauth-protected-resource": "https://h/"}},
		{"https://h:1/mcp", map[string]string{
			"/.well-known/oauth-protected-resource":     "https://h:1",
			"/.well-known/oauth-protected-resource/mcp": "https://h:1/mcp"}},
		{"https://h/mcp/", map[string]string{
			"/.well-known/oauth-protected-resource":      "https://h",
			"/.well-known/oauth-protected-resource/mcp/": "https://h/mcp/"}},
	} {
		got := map[string]string{}
		for _, d := range documents(&config.OAuth{Resource: row.resource, AuthorizationServers: []string{"https://as"}}) {
			var document struct{ Resource string }
			if err := json.Unmarshal(d.body, &document); err != nil {
				t.Errorf("%s: %v in %s", row.resource, err, d.body)
			}
			got[d.path] = document.Resource
		}
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %v, want %v", row.resource, got, row.want)
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
		r := New(served, nil).Serve(&request.Target{Method: row.method, Path: row.path})
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
		got := New(served, nil).Serve(&request.Target{Method: method, Path: wellKnown + "/mcp"})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", method, got, want)
		}
	}
}

func TestMetadataNotServed(t *testing.T) {
	for name, c := range map[string]*config.OAuth{
		"no oauth":         nil,
		"not to be served": {Resource: "https://h", AuthorizationServers: []string{"https://as"}},
	} {
		if r := New(c, nil).Serve(&request.Target{Method: "GET", Path: wellKnown}); r != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// The challenge of the filter's own 401s (RFC 6750 section 3.1).
func TestOwnChallenge(t *testing.T) {
	for _, row := range []struct {
		oauth   *config.OAuth
		invalid bool
		want    string
	}{
		{nil, false, `Bearer realm="rest"`},
		{nil, true, `Bearer realm="rest", error="invalid_token"`},
		{served, false, `Bearer ` + ourMetadata},
		{served, true, `Bearer error="invalid_token", ` + ourMetadata},
	} {
		if got := New(row.oauth, nil).Challenge("rest", row.invalid); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}

func TestDiscovery(t *testing.T) {
	const want = `,"oauth_discovery":{"resource_metadata":"https://h/.well-known/oauth-protected-resource/mcp","authorization_servers":["https://as"]}`
	if got := New(served, nil).Discovery(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := New(nil, nil).Discovery(); got != "" {
		t.Errorf("without oauth: %s", got)
	}
}

var served = &config.OAuth{Resource: "https://h/mcp", AuthorizationServers: []string{"https://as"},
	ScopesSupported: []string{"mcp:query"}, ServeMetadata: true}
