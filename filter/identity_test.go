package filter

import (
	"reflect"
	"strings"
	"testing"
)

const headersConfig = `{"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id", "tier": "x-tier", "scopes": "x-scopes", "roles": "x-roles"}],
	"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`

func TestHeadersIdentity(t *testing.T) {
	tenants := strings.Replace(headersConfig, `"subject": "x-user-id", `, "", 1)
	defaultTier := strings.Replace(headersConfig, `"tier"`, `"default_tier": "user", "tier"`, 1)
	for _, row := range []struct {
		name, json string
		headers    []Header
		want       identity
	}{
		{"all of it", headersConfig, hdr("x-user-id", "alice", "x-tenant-id", "acme", "x-tier", "pro", "x-scopes", "a b,c , d", "x-roles", "admin, on-call"),
			identity{verified: true, subject: "alice", tenant: "acme", tier: "pro", scopes: []string{"a", "b", "c", "d"}, roles: []string{"admin", "on-call"}}},
		{"the subject alone", headersConfig, hdr("x-user-id", " alice\t"), identity{verified: true, subject: "alice"}},
		{"no subject", headersConfig, hdr("x-tenant-id", "acme", "x-tier", "pro"), identity{}},
		{"an empty subject", headersConfig, hdr("x-user-id", " ", "x-tenant-id", "acme"), identity{}},
		{"an empty tier", headersConfig, hdr("x-user-id", "alice", "x-tier", ""), identity{verified: true, subject: "alice"}},
		{"a subject twice", headersConfig, hdr("x-user-id", "alice", "x-user-id", "mallory"), identity{}},
		{"the same twice", headersConfig, hdr("x-user-id", "alice", "x-user-id", "alice"), identity{}},
		{"one of them empty", headersConfig, hdr("x-user-id", "", "x-user-id", "mallory"), identity{}},
		{"a tier twice", headersConfig, hdr("x-user-id", "alice", "x-tier", "free", "x-tier", "pro"), identity{}},
		{"roles twice", headersConfig, hdr("x-user-id", "alice", "x-roles", "a", "x-roles", "b"), identity{}},
		{"no tier, where there is one for that", defaultTier, hdr("x-user-id", "alice"), identity{verified: true, subject: "alice", tier: "user"}},
		{"a tier", defaultTier, hdr("x-user-id", "alice", "x-tier", "pro"), identity{verified: true, subject: "alice", tier: "pro"}},
		{"nobody has no tier", defaultTier, nil, identity{}},
		{"another twice", headersConfig, hdr("x-user-id", "alice", "x-other", "a", "x-other", "b"), identity{verified: true, subject: "alice"}},
		{"a control character", headersConfig, hdr("x-user-id", "a\tb"), identity{}},
		{"in the tier", headersConfig, hdr("x-user-id", "alice", "x-tier", "a\tb"), identity{}},
		{"as CGI has it", headersConfig, hdr("x_user_id", "mallory"), identity{}},
		{"a comma is part of a name", headersConfig, hdr("x-user-id", "Doe, J."), identity{verified: true, subject: "Doe, J."}},
		{"nothing", headersConfig, nil, identity{}},
		{"a tenant", tenants, hdr("x-tenant-id", "acme", "x-tier", "free"), identity{verified: true, tenant: "acme", tier: "free"}},
		{"of no name", tenants, hdr("x-tier", "enterprise"), identity{}},
		{"a user is none there", tenants, hdr("x-user-id", "mallory"), identity{}},
	} {
		f, host := newFilter(t, row.json)
		if got := identified(f, host, append(hdr(":method", "GET", ":path", "/api"), row.headers...)); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

// The first source that verifies is the one.
func TestIdentityOrder(t *testing.T) {
	const headers, metadata = `{"source": "headers", "subject": "x-user"}`, `{"source": "metadata", "path": "payload", "subject": "sub"}`
	keys := `{"source": "api_keys", "keys": [{"id": "key", "sha256": "` + hashOf("k") + `"}]}`
	for _, row := range []struct {
		name    string
		sources []string
		request string // what it has: u, j and k
		want    string
	}{
		{"the first", []string{headers, metadata, keys}, "ujk", "user"},
		{"another first", []string{metadata, headers, keys}, "ujk", "jwt"},
		{"and another", []string{keys, headers, metadata}, "ujk", "key"},
		{"the second", []string{headers, metadata, keys}, "jk", "jwt"},
		{"the last", []string{headers, metadata, keys}, "k", "key"},
		{"two of a kind", []string{`{"source": "headers", "subject": "x-none"}`, headers}, "u", "user"},
		{"none", []string{headers, metadata, keys}, "", ""},
		{"of none", nil, "ujk", ""},
	} {
		f, host := newFilter(t, `{"identity": [`+strings.Join(row.sources, ", ")+`],
			"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`)
		request := hdr(":method", "GET", ":path", "/api")
		if strings.Contains(row.request, "u") {
			request = append(request, Header{"x-user", "user"})
		}
		if strings.Contains(row.request, "k") {
			request = append(request, Header{"x-api-key", "k"})
		}
		if strings.Contains(row.request, "j") {
			host.properties[payload("sub")] = "jwt"
		}
		if got := identified(f, host, request); got.subject != row.want || got.verified != (row.want != "") {
			t.Errorf("%s: %+v, want %q", row.name, got, row.want)
		}
	}
}

// Who is asking is known on every surface, whatever becomes of its failures, and
// nowhere else.
func TestWhereIdentityIsKnown(t *testing.T) {
	f, host := newFilter(t, `{"client": {"allow": ["198.51.100.1"]}, "identity": [{"source": "headers", "subject": "x-user"}], "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "lockout": {"mode": "off"}},
		{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/token"}]}]}`)
	for _, row := range []struct {
		path, address string
		want          bool
	}{
		{"/api", "192.0.2.1:1", true}, {"/api", "198.51.100.1:1", true}, {"/off", "192.0.2.1:1", true}, {"/token", "192.0.2.1:1", true},
		{"/elsewhere", "192.0.2.1:1", false}, {"/healthz", "192.0.2.1:1", false},
	} {
		host.properties[sourceAddress] = row.address
		if got := identified(f, host, hdr(":method", "GET", ":path", row.path, "x-user", "alice")); got.verified != row.want {
			t.Errorf("%s from %s: %+v", row.path, row.address, got)
		}
	}
}

// The hash of who or what was verified tells identities apart and nothing else.
func TestCredentialHash(t *testing.T) {
	f, host := newFilter(t, `{"identity": [
		{"source": "metadata", "path": "payload", "subject": "sub", "tenant": "org"},
		{"source": "headers", "subject": "x-user", "tenant": "x-org", "tier": "x-tier"},
		{"source": "api_keys", "keys": [{"id": "one", "sha256": "`+hashOf("k1")+`", "subject": "alice"}, {"id": "two", "sha256": "`+hashOf("k2")+`", "subject": "alice"}]}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}, {"name": "other", "kind": "api", "match": [{"prefix": "/other"}]}]}`)
	hash := func(path string, headers ...string) uint64 {
		host.request = append(hdr(":method", "GET", ":path", path), hdr(headers...)...)
		s := f.NewStream()
		s.RequestHeaders(host, true)
		return s.identity.credential
	}
	alice := hash("/api", "x-user", "alice", "x-org", "acme")
	for name, got := range map[string]uint64{
		"another surface": hash("/other", "x-user", "alice", "x-org", "acme"),
		"another tier":    hash("/api", "x-user", "alice", "x-org", "acme", "x-tier", "pro"),
		"a made-up token": hash("/api", "x-user", "alice", "x-org", "acme", "authorization", "Bearer junk"),
	} {
		if got != alice {
			t.Errorf("%s: another hash", name)
		}
	}
	host.properties[payload("sub")], host.properties[payload("org")] = "alice", "acme"
	if hash("/api") != alice {
		t.Error("another source: another hash")
	}
	delete(host.properties, payload("sub"))
	seen := map[uint64]string{0: "nobody", alice: "alice"}
	for _, row := range []struct {
		name    string
		headers []string
	}{
		{"bob", []string{"x-user", "bob", "x-org", "acme"}},
		{"alice elsewhere", []string{"x-user", "alice", "x-org", "other"}},
		{"alice without a tenant", []string{"x-user", "alice"}},
		{"a name that ends elsewhere", []string{"x-user", "aliceac", "x-org", "me"}},
		{"a key", []string{"x-api-key", "k1"}},
		{"another key of the same subject", []string{"x-api-key", "k2"}},
	} {
		got := hash("/api", row.headers...)
		if other, known := seen[got]; known {
			t.Errorf("%s has the hash of %s", row.name, other)
		}
		seen[got] = row.name
	}
	if hash("/api") != 0 || hash("/api", "x-api-key", "k3") != 0 {
		t.Error("nobody has a hash")
	}
}

// TestUntrustedHeaders: nobody brings them along, wherever the request goes.
func TestUntrustedHeaders(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "metadata", "subject": "sub"}], "untrusted_headers": ["x-user-id", "x-tier"],
		"oauth": {"resource": "https://api.example.com", "authorization_servers": ["https://auth.example.com"]}}`)
	for _, row := range []struct {
		name          string
		headers, left []Header
	}{
		{"on a surface", hdr(":path", "/api/v1", "x-user-id", "mallory", "x-tier", "enterprise", "x-other", "1"), hdr(":path", "/api/v1", "x-other", "1")},
		{"elsewhere", hdr(":path", "/elsewhere", "x-user-id", "mallory"), hdr(":path", "/elsewhere")},
		{"exempt", hdr(":path", "/healthz", "x-user-id", "mallory"), hdr(":path", "/healthz")},
		{"several lines", hdr(":path", "/x", "x-user-id", "a", "accept", "*/*", "x-user-id", "b"), hdr(":path", "/x", "accept", "*/*")},
		{"as CGI has it", hdr(":path", "/x", "x_user_id", "a", "x-user_id", "b"), hdr(":path", "/x")},
		{"near misses", hdr(":path", "/x", "x-user-idx", "a", "x-user", "b", "xx-user-id", "c"), hdr(":path", "/x", "x-user-idx", "a", "x-user", "b", "xx-user-id", "c")},
	} {
		host.request = append(hdr(":method", "GET"), row.headers...)
		f.NewStream().RequestHeaders(host, true)
		if got, want := host.request, append(hdr(":method", "GET"), row.left...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v is left", row.name, got)
		}
	}
}
