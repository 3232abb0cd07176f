package filter

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// TestWhereIdentityIsKnown shows that callers are identified on every surface, also where there
// is no lockout, and nowhere else.
func TestWhereIdentityIsKnown(t *testing.T) {
	f, host := newFilter(t, `{"client": {"allow": ["198.51.100.1"]}, "identity": [{"source": "headers", "subject": "x-user"}], "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "lockout": {"mode": "off"}},
		{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/token"}]}]}`)
	for _, row := range []struct {
		path, address string
		want          bool
	}{
		{"/api", "192.0.2.1", true}, {"/api", "198.51.100.1", true}, {"/off", "192.0.2.1", true}, {"/token", "192.0.2.1", true},
		{"/elsewhere", "192.0.2.1", false}, {"/healthz", "192.0.2.1", false},
	} {
		from(host, row.address)
		host.Request = with(get(row.path), "x-user", "alice")
		s := f.NewStream()
		if s.RequestHeaders(true); s.identity.Verified != row.want {
			t.Errorf("%s from %s: %+v", row.path, row.address, s.identity.Identity)
		}
	}
}

// TestUntrustedHeaders shows that untrusted headers are removed from every request, whether it
// belongs to a surface or not.
func TestUntrustedHeaders(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "metadata", "subject": "sub"}], "untrusted_headers": ["x-user-id", "x-tier"],
		"oauth": {"resource": "https://api.example.com", "authorization_servers": ["https://auth.example.com"]}}`)
	for _, row := range []struct {
		name          string
		headers, left []proxy.Header
	}{
		{"on a surface", hdr(":path", "/api/v1", "x-user-id", "mallory", "x-tier", "enterprise", "x-other", "1"), hdr(":path", "/api/v1", "x-other", "1")},
		{"elsewhere", hdr(":path", "/elsewhere", "x-user-id", "mallory"), hdr(":path", "/elsewhere")},
		{"exempt", hdr(":path", "/healthz", "x-user-id", "mallory"), hdr(":path", "/healthz")},
		{"several lines", hdr(":path", "/x", "x-user-id", "a", "accept", "*/*", "x-user-id", "b"), hdr(":path", "/x", "accept", "*/*")},
		{"underscores", hdr(":path", "/x", "x_user_id", "a", "x-user_id", "b"), hdr(":path", "/x")},
		{"similar names", hdr(":path", "/x", "x-user-idx", "a", "x-user", "b", "xx-user-id", "c"), hdr(":path", "/x", "x-user-idx", "a", "x-user", "b", "xx-user-id", "c")},
	} {
		host.Request = append(hdr(":method", "GET"), row.headers...)
		f.NewStream().RequestHeaders(true)
		if got, want := host.Request, append(hdr(":method", "GET"), row.left...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v are left", row.name, got)
		}
	}
}

// longestKey is the length in bytes of the longest API key.
const longestKey = 1024

// TestAPIKeys shows which requests present a key: the room of credentials finds it, and the
// room of identities knows it.
func TestAPIKeys(t *testing.T) {
	long := strings.Repeat("k", longestKey)
	f, host := newFilter(t, keysConfig(
		`{"id": "ci", "sha256": "`+hashOf("Secret-1")+`", "subject": "build", "tenant": "acme", "tier": "pro", "scopes": ["a", "b"], "roles": ["admin"]}`,
		`{"id": "plain", "sha256": "`+hashOf("another")+`"}`,
		`{"id": "short", "sha256": "`+hashOf("x")+`"}`,
		`{"id": "long", "sha256": "`+hashOf(long)+`"}`,
		`{"id": "longer", "sha256": "`+hashOf(long+"k")+`"}`,
		`{"id": "empty", "sha256": "`+hashOf("")+`"}`,
		`{"id": "two", "sha256": "`+hashOf("a b")+`"}`,
		`{"id": "basic", "sha256": "`+hashOf("YTpi")+`"}`,
		`{"id": "scheme", "sha256": "`+hashOf("Bearer Secret-1")+`"}`))
	for _, row := range []struct {
		name    string
		headers []proxy.Header
		want    string // the subject
	}{
		{"Bearer", hdr("authorization", "Bearer Secret-1"), "build"},
		{"another letter case of the scheme", hdr("authorization", "BEARER  Secret-1"), "build"},
		{"x-api-key", hdr("x-api-key", "Secret-1"), "build"},
		{"a configured header", hdr("x-token", "another"), "plain"},
		{"an underscore in the header", hdr("x_api_key", "another"), "plain"},
		{"a key of one letter", hdr("x-api-key", "x"), "short"},
		{"the longest key", hdr("x-api-key", long), "long"},
		{"blanks around it", hdr("x-api-key", " \tanother  "), "plain"},

		{"another key", hdr("x-api-key", "Secret-2"), ""},
		{"another letter case", hdr("x-api-key", "secret-1"), ""},
		{"one letter more", hdr("x-api-key", "Secret-1x"), ""},
		{"one letter less", hdr("x-api-key", "Secret-"), ""},
		{"an empty header", hdr("x-api-key", ""), ""},
		{"no header", nil, ""},
		{"a header that is not configured", hdr("x-key", "Secret-1"), ""},
		{"a cookie", hdr("cookie", "session=Secret-1"), ""},
		{"no scheme", hdr("authorization", "Secret-1"), ""},
		{"another scheme", hdr("authorization", "Token Secret-1"), ""},
		{"Basic", hdr("authorization", "Basic YTpi"), ""},
		{"the hash of a key", hdr("x-api-key", hashOf("Secret-1")), ""},
		{"a scheme in another header", hdr("x-api-key", "Bearer Secret-1"), ""},
		{"two words", hdr("x-api-key", "a b"), ""},
		{"a blank that is not ASCII", hdr("x-api-key", "Secret-1\u00a0"), ""},
		{"a key that is too long", hdr("x-api-key", long+"k"), ""},
		{"two lines", hdr("x-api-key", "Secret-1", "x-api-key", "Secret-1"), ""},
		{"in two headers", hdr("x-api-key", "Secret-1", "authorization", "Bearer Secret-1"), ""},
		{"beside a token", hdr("x-api-key", "Secret-1", "authorization", "Bearer junk"), ""},
		{"beside a cookie", hdr("x-api-key", "Secret-1", "cookie", "session=s"), ""},
		{"two keys on a line", hdr("authorization", "Bearer Secret-1,Bearer another"), ""},
		{"the same key twice on a line", hdr("authorization", "Bearer Secret-1,Bearer Secret-1"), ""},
	} {
		host.Time += 3_600_000 // the failures of other rows lock nobody out
		host.Request = append(get("/api"), row.headers...)
		s := f.NewStream()
		s.RequestHeaders(true)
		got := s.identity.Identity
		if got.Subject != row.want || got.Verified != (row.want != "") {
			t.Errorf("%s: %+v, want %q", row.name, got, row.want)
		}
	}
	if calls := taken(host); strings.Contains(calls, "wall now") {
		t.Errorf("the time of day is asked for, and no key expires: %s", calls)
	}
}
