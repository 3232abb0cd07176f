package filter

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/config"
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
		f, host := newFilter(t, oauthConfig)
		host.request = hdr(":method", row.method, ":path", row.path)
		action := f.NewStream().RequestHeaders(host, true)
		if row.status == 0 {
			if len(host.replies) > 0 || action != Continue {
				t.Errorf("%s %s: %+v", row.method, row.path, host.replies[0])
			}
			continue
		}
		if len(host.replies) != 1 || action != Pause || host.replies[0].Status != row.status {
			t.Errorf("%s %s: %+v", row.method, row.path, host.replies)
			continue
		}
		r := host.replies[0]
		if got := first(r.Headers, "access-control-allow-origin"); got != "*" {
			t.Errorf("%s %s: origin %q", row.method, row.path, got)
		}
		if json.Valid(r.Body) != (row.status == 200) || r.Details != "gatewarden_metadata" || len(host.reasons) != 0 {
			t.Errorf("%s %s: %+v", row.method, row.path, r)
		}
	}
}

func TestServeMetadataExactly(t *testing.T) {
	f, _ := newFilter(t, oauthConfig)
	for method, want := range map[string]*Reply{
		"GET": {Status: 200, Details: "gatewarden_metadata", Headers: hdr("content-type", "application/json",
			"cache-control", "public, max-age=3600", "access-control-allow-origin", "*"),
			Body: []byte(`{"resource":"https://h/mcp","authorization_servers":["https://as"],"scopes_supported":["mcp:query"],` +
				`"bearer_methods_supported":["header"]}`)},
		"OPTIONS": {Status: 204, Details: "gatewarden_metadata", Headers: hdr("access-control-allow-origin", "*",
			"access-control-allow-methods", "GET, HEAD, OPTIONS",
			"access-control-allow-headers", "mcp-protocol-version, authorization, content-type", "access-control-max-age", "3600")},
		"DELETE": {Status: 405, Details: "gatewarden_metadata", Headers: hdr("allow", "GET, HEAD, OPTIONS", "access-control-allow-origin", "*")},
	} {
		got := f.serveMetadata(&target{method: method, path: wellKnown + "/mcp"})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", method, got, want)
		}
	}
}

func TestMetadataNotServed(t *testing.T) {
	for _, json := range []string{"", `{"oauth": {"resource": "https://h", "authorization_servers": ["https://as"], "serve_metadata": false}}`} {
		f, _ := newFilter(t, json)
		if r := f.serveMetadata(&target{method: "GET", path: wellKnown}); r != nil {
			t.Errorf("%s: %+v", json, r)
		}
	}
}

// C21: no lockout hides the documents.
func TestMetadataWhileLockedOut(t *testing.T) {
	f, host := newFilter(t, `{"exempt": [], "surfaces": [{"name": "all", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"failures": 1}}],
		"oauth": {"resource": "https://h", "authorization_servers": ["https://as"]}}`)
	exchange(f, host, hdr(":method", "GET", ":path", "/x", "authorization", "Bearer x"), hdr(":status", "401"))
	host.forget()
	exchange(f, host, hdr(":method", "GET", ":path", wellKnown), nil)
	exchange(f, host, hdr(":method", "GET", ":path", "/x"), nil)
	if len(host.replies) != 2 || host.replies[0].Status != 200 || host.replies[1].Status != 429 {
		t.Errorf("%+v", host.replies)
	}
}
