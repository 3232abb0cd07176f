package identity

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// number returns a number as the proxy writes it.
func number(n float64) string {
	return string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(n)))
}

// listOf returns a list as the proxy writes it: names without values.
func listOf(elements ...string) string {
	var pairs []proxy.Header
	for _, e := range elements {
		pairs = append(pairs, proxy.Header{Name: e})
	}
	return string(proxy.AppendPairs(nil, pairs))
}

func TestClaimText(t *testing.T) {
	for _, row := range []struct{ name, raw, want string }{
		{"a string", "alice", "alice"},
		{"other alphabets", "Ünïcødé 名", "Ünïcødé 名"},
		{"with spaces", " a  b ", " a  b "},
		{"of eight bytes", "alice-42", "alice-42"},
		{"of eight digits", "12345678", "12345678"},
		{"of eight bytes that are also a large number", "abcdef0C", "abcdef0C"},
		{"of one byte", "1", "1"},
		{"nothing", "", ""},
		{"true", "\x01", "true"},
		{"false", "\x00", "false"},
		{"zero", number(0), "0"},
		{"negative zero", number(math.Copysign(0, -1)), "0"},
		{"a number", number(42), "42"},
		{"a negative number", number(-7), "-7"},
		{"a large number", number(1<<53 - 1), "9007199254740991"},
		{"a number that lost its last digit", number(1 << 53), ""},
		{"a negative one that did", number(-1 << 53), ""},
		{"a fraction", number(1.5), ""},
		{"a small fraction", number(math.SmallestNonzeroFloat64), ""},
		{"infinity", number(math.Inf(1)), ""},
		{"negative infinity", number(math.Inf(-1)), ""},
		{"not a number", number(math.NaN()), ""},
		{"a number and one byte more", number(42) + "x", ""},
		{"with NUL", "a\x00b", ""},
		{"with a line break", "a\nb", ""},
		{"with a tab", "a\tb", ""},
		{"with delete", "a\x7f", ""},
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
	object := func(pairs ...string) string { return string(proxy.AppendPairs(nil, fakehost.Headers(pairs...))) }
	for _, row := range []struct {
		name, raw, first string // first is the element at position 0
		want             string
		calls            int
	}{
		{"nothing", "", "", "", 1},
		{"a string", "admin", "", "admin", 1},
		{"split at spaces", " read  write:all ", "", "read|write:all", 1},
		{"not at commas", "a,b", "", "a,b", 1},
		{"a number", number(3), "", "3", 1},
		{"a boolean", "\x01", "", "true", 1},
		{"a list", listOf("admin", "on call"), "admin", "admin|on call", 2},
		{"of numbers and booleans", listOf(number(1), "\x00", "x"), number(1), "1|false|x", 2},
		{"with elements that are not texts", listOf("admin", "", "a\nb", listOf("nested"), number(1.5)), "admin", "admin", 2},
		{"an empty list", listOf(), "", "", 1},
		{"a list that begins with nothing", listOf("", "admin"), "", "", 1},
		{"an object", object("admin", "yes"), "", "", 2},
		{"with empty values", object("admin", "", "root", ""), "", "", 2},
		{"that looks like a list at its beginning", object("0", "0", "admin", ""), "0", "", 2},
		{"with an empty key", object("", "", "admin", ""), "", "", 1},
		{"a string that looks like a list", listOf("admin"), "", "", 2},
		{"a truncated list", listOf("admin")[:10], "", "", 1},
	} {
		p := &fakeProxy{properties: map[string]string{property: row.raw, property + "\x000": row.first}}
		if got := strings.Join(readClaimList(p, property), "|"); got != row.want || len(p.calls) != row.calls {
			t.Errorf("%s: %q, want %q; %q", row.name, got, row.want, p.calls)
		}
	}
	p := &fakeProxy{}
	if readClaimList(p, "") != nil || len(p.calls) != 0 {
		t.Errorf("a claim that is not configured: %q", p.calls)
	}
}

const metadataConfig = `{"identity": [{"source": "metadata", "path": "payload", "subject": "sub", "tenant": ["org", "id"], "tier": "plan",
	"scopes": "scope", "roles": ["realm_access", "roles"]}],
	"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3}}]}`

// payload returns the property of a claim in the payload of jwt_authn.
func payload(way ...string) string {
	return "metadata\x00filter_metadata\x00envoy.filters.http.jwt_authn\x00payload\x00" + strings.Join(way, "\x00")
}

func TestMetadataIdentity(t *testing.T) {
	for _, row := range []struct {
		name       string
		properties []string // names and values
		want       caller.Identity
		calls      string
	}{
		{"all parts", []string{payload("sub"), "alice", payload("org", "id"), number(7), payload("plan"), "pro", payload("scope"), "a b",
			payload("realm_access", "roles"), listOf("admin"), payload("realm_access", "roles", "0"), "admin"},
			caller.Identity{Verified: true, Subject: "alice", Tenant: "7", Tier: "pro", Scopes: []string{"a", "b"}, Roles: []string{"admin"}}, "sub, org.id, plan, scope, realm_access.roles, realm_access.roles.0"},
		{"the subject alone", []string{payload("sub"), "alice"}, caller.Identity{Verified: true, Subject: "alice"}, "sub, org.id, plan, scope, realm_access.roles"},
		{"nothing", nil, caller.Identity{}, "sub"},
		{"no subject", []string{payload("org", "id"), "acme", payload("plan"), "pro"}, caller.Identity{}, "sub"},
		{"a subject that is not a text", []string{payload("sub"), "a\x00"}, caller.Identity{}, "sub"},
		{"a subject that is a list", []string{payload("sub"), listOf("alice")}, caller.Identity{}, "sub"},
		{"the metadata of another filter", []string{"metadata\x00filter_metadata\x00other\x00payload\x00sub", "mallory"}, caller.Identity{}, "sub"},
	} {
		h := newHouse(t, metadataConfig, "")
		for i := 0; i < len(row.properties); i += 2 {
			h.proxy.properties[row.properties[i]] = row.properties[i+1]
		}
		if got := h.identified("rest"); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v", row.name, got)
		}
		got := strings.ReplaceAll(h.take(), "property metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.", "")
		if got != row.calls {
			t.Errorf("%s: asks for %s, want %s", row.name, got, row.calls)
		}
	}
}

// Without a subject in the configuration, the tenant is the caller.
func TestMetadataOfTenants(t *testing.T) {
	h := newHouse(t, `{"identity": [{"source": "metadata", "filter": "envoy.filters.http.ext_authz", "tenant": "org", "tier": "plan"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`, "")
	const filter = "metadata\x00filter_metadata\x00envoy.filters.http.ext_authz\x00"
	h.proxy.properties[filter+"plan"] = "pro"
	if got := h.identified("rest"); got.Verified {
		t.Errorf("a tier alone: %+v", got)
	}
	h.proxy.properties[filter+"org"] = "acme"
	if got := h.identified("rest"); !reflect.DeepEqual(got, caller.Identity{Verified: true, Tenant: "acme", Tier: "pro"}) {
		t.Errorf("%+v", got)
	}
}

// The proxy's memory is gone when the next callback begins.
func TestIdentityIsCopied(t *testing.T) {
	var lent [][]byte
	lend := func(s string) string {
		b := []byte(s)
		lent = append(lent, b)
		return unsafe.String(&b[0], len(b))
	}
	h := newHouse(t, `{"identity": [
		{"source": "metadata", "path": "payload", "subject": "sub", "tenant": "org", "tier": "plan", "scopes": "scope", "roles": "roles"},
		{"source": "headers", "subject": "x-user", "tenant": "x-tenant", "tier": "x-plan", "scopes": "x-scope", "roles": "x-roles"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`, "")
	want := caller.Identity{Verified: true, Subject: "alice", Tenant: "acme", Tier: "pro", Scopes: []string{"a", "b"}, Roles: []string{"admin", "root"}}
	check := func(source string) {
		t.Helper()
		got := h.identified("rest", "x-user", lend("alice"), "x-tenant", lend("acme"),
			"x-plan", lend("pro"), "x-scope", lend("a b"), "x-roles", lend("admin, root"))
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
		h.proxy.properties[payload(name)] = lend(raw)
	}
	h.proxy.properties[payload("roles", "0")] = "admin"
	check("metadata")
}

// FuzzClaim checks that whatever bytes the proxy has for a claim, its text is a text:
// that of a string without control characters is the string, and that of a whole number
// its digits.
func FuzzClaim(f *testing.F) {
	for _, seed := range []string{"alice", "", "\x00", "\x01", "12345678", "abcdef0C", "a\x00b", "\xff", " ", number(0), number(-1), number(1 << 53), number(math.NaN()),
		listOf("a", "b c"), listOf(), listOf(number(1)), listOf("a")[:7], "\xff\xff\xff\xff\x00\x00\x00\x00"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, raw, first string) {
		text := claimText(raw)
		if text != "" && !claim.IsText(text) {
			t.Fatalf("%q is the claim %q", raw, text)
		}
		if control := strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }); !control && utf8.ValidString(raw) && text != raw {
			t.Fatalf("the string %q is the claim %q", raw, text)
		}
		if len(raw) == 8 && text != "" && text != raw {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || float64(n) != math.Float64frombits(binary.LittleEndian.Uint64([]byte(raw))) {
				t.Fatalf("the number %q is the claim %q", raw, text)
			}
		}
		p := &fakeProxy{properties: map[string]string{"p": raw, "p\x000": first}}
		list := readClaimList(p, "p")
		for _, element := range list {
			if !claim.IsText(element) {
				t.Fatalf("%q is the list %q", raw, list)
			}
		}
		if text != "" && strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " ") != strings.Join(list, " ") {
			t.Fatalf("the text %q is the list %q", text, list)
		}
	})
}

// FuzzClaimList checks that a list as the proxy writes it is read with all its texts, in
// their order.
func FuzzClaimList(f *testing.F) {
	f.Add("a", "b c", "")
	f.Add("\x00", "\x01", "12345678")
	f.Add("a\x00", number(42), "é")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		raw := listOf(a, b, c)
		if a == "" || claimText(raw) != "" {
			return
		}
		p := &fakeProxy{properties: map[string]string{"p": raw, "p\x000": a}}
		var want []string
		for _, element := range []string{a, b, c} {
			if text := claimText(element); text != "" {
				want = append(want, text)
			}
		}
		if got := readClaimList(p, "p"); !slices.Equal(got, want) {
			t.Fatalf("%q is %q, want %q", raw, got, want)
		}
	})
}
