package config

import (
	"reflect"
	"strings"
	"testing"
)

// TestUntrustedHeaders: clients cannot set identity headers, unless a source
// trusts headers or the configuration has a list of its own.
func TestUntrustedHeaders(t *testing.T) {
	const (
		usual    = "x-user-id x-tenant-id x-tier x-scopes x-roles"
		metadata = `{"source": "metadata", "subject": "sub"}`
		headers  = `{"source": "headers", "subject": "x-auth-user"}`
		accepted = `{"source": "accepted", "for": "1h"}`
	)
	for _, row := range []struct{ name, json, want string }{
		{"no identity", `{}`, ""},
		{"no sources", `{"identity": []}`, ""},
		{"another source", `{"identity": [` + metadata + `]}`, usual},
		{"several others", `{"identity": [` + accepted + `, ` + metadata + `]}`, usual},
		{"headers", `{"identity": [` + headers + `]}`, ""},
		{"headers among others", `{"identity": [` + metadata + `, ` + headers + `]}`, ""},
		{"written", `{"identity": [` + metadata + `], "untrusted_headers": ["X-Auth-User"]}`, "x-auth-user"},
		{"written beside headers", `{"identity": [` + headers + `], "untrusted_headers": ["x-user-id"]}`, "x-user-id"},
		{"written without identity", `{"untrusted_headers": ["x-user-id"]}`, "x-user-id"},
		{"none wanted", `{"identity": [` + metadata + `], "untrusted_headers": []}`, ""},
		{"one is a credential", `{"credentials": {"headers": ["x-user-id"]}, "identity": [` + metadata + `]}`, "x-tenant-id x-tier x-scopes x-roles"},
	} {
		if got := strings.Join(mustParse(t, row.json).UntrustedHeaders, " "); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// TestUntrustedHeadersAreNotShared: each configuration has its own copy of the
// default.
func TestUntrustedHeadersAreNotShared(t *testing.T) {
	const json = `{"identity": [{"source": "metadata", "subject": "sub"}]}`
	mustParse(t, json).UntrustedHeaders[0] = "changed"
	if got := mustParse(t, json).UntrustedHeaders; got[0] != "x-user-id" {
		t.Errorf("%q", got)
	}
}

// TestClaimForms: a claim may stand without a list, and path is a prefix of all
// claims.
func TestClaimForms(t *testing.T) {
	want := mustParse(t, `{"identity": [{"source": "metadata", "subject": ["payload", "sub"]}]}`)
	for _, json := range []string{
		`{"identity": [{"source": "metadata", "path": "payload", "subject": "sub"}]}`,
		`{"identity": [{"source": "metadata", "subject": ["sub"], "path": ["payload"]}]}`,
		`{"identity": [{"subject": ["payload", "sub"], "path": [], "source": "metadata"}]}`,
		`{"identity": [{"filter": "envoy.filters.http.jwt_authn", "sourc\u0065": "metadata", "path": "payload", "subject": "sub"}]}`,
	} {
		if got := mustParse(t, json); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", json, got.Identity)
		}
	}
}
