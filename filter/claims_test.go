package filter

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// number is a number as the proxy writes it.
func number(n float64) string {
	return string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(n)))
}

// listOf is a list as the proxy writes it: names without values.
func listOf(elements ...string) string {
	var pairs []Header
	for _, e := range elements {
		pairs = append(pairs, Header{Name: e})
	}
	return string(AppendPairs(nil, pairs))
}

func TestClaimText(t *testing.T) {
	for _, row := range []struct{ name, raw, want string }{
		{"a string", "alice", "alice"},
		{"of other letters", "Ünïcødé 名", "Ünïcødé 名"},
		{"with spaces", " a  b ", " a  b "},
		{"of eight bytes", "alice-42", "alice-42"},
		{"of eight digits", "12345678", "12345678"},
		{"of eight bytes that are a large number, too", "abcdef0C", "abcdef0C"},
		{"of one byte", "1", "1"},
		{"nothing", "", ""},
		{"true", "\x01", "true"},
		{"false", "\x00", "false"},
		{"zero", number(0), "0"},
		{"and below", number(math.Copysign(0, -1)), "0"},
		{"a number", number(42), "42"},
		{"a negative one", number(-7), "-7"},
		{"a large one", number(1<<53 - 1), "9007199254740991"},
		{"one that lost its last digit", number(1 << 53), ""},
		{"a negative one that did", number(-1 << 53), ""},
		{"a fraction", number(1.5), ""},
		{"a small fraction", number(math.SmallestNonzeroFloat64), ""},
		{"infinite", number(math.Inf(1)), ""},
		{"infinite below", number(math.Inf(-1)), ""},
		{"no number", number(math.NaN()), ""},
		{"NUL in it", "a\x00b", ""},
		{"a line break in it", "a\nb", ""},
		{"a tab in it", "a\tb", ""},
		{"delete in it", "a\x7f", ""},
		{"not UTF-8", "a\xff", ""},
		{"a list", listOf("alice"), ""},
		{"an empty list", listOf(), ""},
		{"another control character", "\x02", ""},
	} {
		if got := claimText(row.raw); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestClaimList(t *testing.T) {
	const property = "metadata\x00roles"
	object := func(pairs ...string) string { return string(AppendPairs(nil, hdr(pairs...))) }
	for _, row := range []struct {
		name, raw, first string // first is what stands at position 0
		want             string
		calls            int
	}{
		{"nothing", "", "", "", 1},
		{"a string", "admin", "", "admin", 1},
		{"divided at spaces", " read  write:all ", "", "read|write:all", 1},
		{"not at commas", "a,b", "", "a,b", 1},
		{"a number", number(3), "", "3", 1},
		{"a boolean", "\x01", "", "true", 1},
		{"a list", listOf("admin", "on call"), "admin", "admin|on call", 2},
		{"of numbers and booleans", listOf(number(1), "\x00", "x"), number(1), "1|false|x", 2},
		{"of what is no text", listOf("admin", "", "a\nb", listOf("nested"), number(1.5)), "admin", "admin", 2},
		{"of none", listOf(), "", "", 1},
		{"that begins with nothing", listOf("", "admin"), "", "", 1},
		{"an object", object("admin", "yes"), "", "", 2},
		{"with empty values", object("admin", "", "root", ""), "", "", 2},
		{"that looks like a list at its beginning", object("0", "0", "admin", ""), "0", "", 2},
		{"with an empty key", object("", "", "admin", ""), "", "", 1},
		{"a string that looks like a list", listOf("admin"), "", "", 2},
		{"a list that breaks off", listOf("admin")[:10], "", "", 1},
	} {
		host := &fakeHost{properties: map[string]string{property: row.raw, property + "\x000": row.first}}
		if got := strings.Join(claimList(host, property), "|"); got != row.want || len(host.calls) != row.calls {
			t.Errorf("%s: %q, want %q; %q", row.name, got, row.want, host.calls)
		}
	}
	host := &fakeHost{}
	if claimList(host, "") != nil || len(host.calls) != 0 {
		t.Errorf("a claim that is not configured: %q", host.calls)
	}
}

const metadataConfig = `{"identity": [{"source": "metadata", "path": "payload", "subject": "sub", "tenant": ["org", "id"], "tier": "plan",
	"scopes": "scope", "roles": ["realm_access", "roles"]}],
	"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3}}]}`

// payload is the property of a claim in the payload of jwt_authn.
func payload(way ...string) string {
	return "metadata\x00filter_metadata\x00envoy.filters.http.jwt_authn\x00payload\x00" + strings.Join(way, "\x00")
}

// identified sends a request and returns who it was found to come from.
func identified(f *Filter, host *fakeHost, headers []Header) identity {
	host.request = headers
	s := f.NewStream()
	s.RequestHeaders(host, true)
	id := s.identity
	id.credential = 0 // TestCredentialHash looks at it
	return id
}

func TestMetadataIdentity(t *testing.T) {
	for _, row := range []struct {
		name       string
		properties []string // names and values
		want       identity
		calls      string // beyond those of any request
	}{
		{"all of it", []string{payload("sub"), "alice", payload("org", "id"), number(7), payload("plan"), "pro", payload("scope"), "a b",
			payload("realm_access", "roles"), listOf("admin"), payload("realm_access", "roles", "0"), "admin"},
			identity{verified: true, subject: "alice", tenant: "7", tier: "pro", scopes: []string{"a", "b"}, roles: []string{"admin"}}, "sub, org.id, plan, scope, realm_access.roles, realm_access.roles.0"},
		{"the subject alone", []string{payload("sub"), "alice"}, identity{verified: true, subject: "alice"}, "sub, org.id, plan, scope, realm_access.roles"},
		{"nothing", nil, identity{}, "sub"},
		{"no subject", []string{payload("org", "id"), "acme", payload("plan"), "pro"}, identity{}, "sub"},
		{"a subject that is no text", []string{payload("sub"), "a\x00"}, identity{}, "sub"},
		{"a subject that is a list", []string{payload("sub"), listOf("alice")}, identity{}, "sub"},
		{"another filter's", []string{"metadata\x00filter_metadata\x00other\x00payload\x00sub", "mallory"}, identity{}, "sub"},
	} {
		f, host := newFilter(t, metadataConfig)
		for i := 0; i < len(row.properties); i += 2 {
			host.properties[row.properties[i]] = row.properties[i+1]
		}
		if got := identified(f, host, hdr(":method", "GET", ":path", "/api")); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v", row.name, got)
		}
		var calls []string
		for _, call := range host.calls {
			if name, ok := strings.CutPrefix(call, "property metadata.filter_metadata.envoy.filters.http.jwt_authn.payload."); ok {
				calls = append(calls, name)
			}
		}
		if got := strings.Join(calls, ", "); got != row.calls {
			t.Errorf("%s: asks for %s, want %s", row.name, got, row.calls)
		}
	}
}

// Without a subject in the configuration, the tenant is who.
func TestMetadataOfTenants(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "metadata", "filter": "envoy.filters.http.ext_authz", "tenant": "org", "tier": "plan"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`)
	request := hdr(":method", "GET", ":path", "/api")
	const filter = "metadata\x00filter_metadata\x00envoy.filters.http.ext_authz\x00"
	host.properties[filter+"plan"] = "pro"
	if got := identified(f, host, request); got.verified {
		t.Errorf("a tier alone: %+v", got)
	}
	host.properties[filter+"org"] = "acme"
	if got := identified(f, host, request); !reflect.DeepEqual(got, identity{verified: true, tenant: "acme", tier: "pro"}) {
		t.Errorf("%+v", got)
	}
}

// What the host returns is gone when the next callback begins.
func TestIdentityIsCopied(t *testing.T) {
	var lent [][]byte
	lend := func(s string) string {
		b := []byte(s)
		lent = append(lent, b)
		return unsafe.String(&b[0], len(b))
	}
	f, host := newFilter(t, `{"identity": [
		{"source": "metadata", "path": "payload", "subject": "sub", "tenant": "org", "tier": "plan", "scopes": "scope", "roles": "roles"},
		{"source": "headers", "subject": "x-user", "tenant": "x-tenant", "tier": "x-plan", "scopes": "x-scope", "roles": "x-roles"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`)
	want := identity{verified: true, subject: "alice", tenant: "acme", tier: "pro", scopes: []string{"a", "b"}, roles: []string{"admin", "root"}}
	check := func(source string) {
		t.Helper()
		got := identified(f, host, append(hdr(":method", "GET", ":path", "/api"), hdr("x-user", lend("alice"), "x-tenant", lend("acme"),
			"x-plan", lend("pro"), "x-scope", lend("a b"), "x-roles", lend("admin, root"))...))
		for _, b := range lent {
			for i := range b {
				b[i] = 'X'
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", source, got)
		}
	}
	check("headers")
	for name, raw := range map[string]string{"sub": "alice", "org": "acme", "plan": "pro", "scope": "a b", "roles": listOf("admin", "root")} {
		host.properties[payload(name)] = lend(raw)
	}
	host.properties[payload("roles", "0")] = "admin"
	check("metadata")
}
