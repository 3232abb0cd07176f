package identity

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// The first source that verifies the caller decides.
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
		{"without sources", nil, "ujk", ""},
	} {
		h := newHouse(t, `{"identity": [`+strings.Join(row.sources, ", ")+`],
			"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`, "")
		var request []string
		if strings.Contains(row.request, "u") {
			request = append(request, "x-user", "user")
		}
		if strings.Contains(row.request, "k") {
			request = append(request, "x-api-key", "k")
		}
		if strings.Contains(row.request, "j") {
			h.proxy.properties[payload("sub")] = "jwt"
		}
		if got := h.enter("rest", request...); got.Subject != row.want || got.Verified != (row.want != "") || got.HasMore() {
			t.Errorf("%s: %+v, want %q", row.name, got.Identity, row.want)
		}
		if h.HasSources() != (row.sources != nil) {
			t.Errorf("%s: it has sources: %v", row.name, h.HasSources())
		}
	}
}

// A surface has a rule where there is something to do for its requests: to identify the
// caller, whatever becomes of failures, or to require an identity.
func TestRules(t *testing.T) {
	const surfaces = `"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "lockout": {"mode": "off"}},
		{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/token"}]}]`
	h := newHouse(t, `{"identity": [{"source": "headers", "subject": "x-user"}], `+surfaces+`}`, "")
	for surface, want := range map[string]bool{"rest": true, "off": true, "token": true, "elsewhere": false} {
		if got := h.identified(surface, "x-user", "alice"); got.Verified != want {
			t.Errorf("%s: %+v", surface, got)
		}
	}
	for _, surface := range []int{-1, 3} {
		if h.Rule(surface) != nil {
			t.Errorf("surface %d has a rule", surface)
		}
	}
	h = newHouse(t, `{`+surfaces+`}`, "")
	if h.Rule(0) != nil {
		t.Error("a rule without a source")
	}
	// config refuses this; if it did not, no caller must be admitted.
	h.rules[0].required = true
	if g := h.enter("rest"); g.outcome() != "auth_denied" {
		t.Errorf("an identity that no source can verify: %s", g.outcome())
	}
}

// The zero State does nothing, and so does one without a rule.
func TestZeroState(t *testing.T) {
	var s State
	s.Begin(nil)
	q := &Request{Headers: fakehost.Headers("x-user", "alice"), Presents: true}
	s.Identify(q)
	why, refused := s.Check()
	s.Accept()
	s.Reject()
	s.Leave()
	s.Refused(&why)
	if refused || s.Verified || s.HasMore() || s.Open() || s.Ask(nil, nil) || s.Waits() || s.Tracked() || s.BlamesToken() || s.Last() != nil {
		t.Errorf("%+v", s)
	}
	if w := s.Words(&why, "Bearer"); w.Status != 0 {
		t.Errorf("%+v", w)
	}
	if v := s.Explain(q); v.Source != -1 || v.Expired != -1 || v.Said != nil {
		t.Errorf("%+v", v)
	}
}

// The hash of an identity tells identities apart, and nothing else.
func TestCredentialHash(t *testing.T) {
	h := newHouse(t, `{"identity": [
		{"source": "metadata", "path": "payload", "subject": "sub", "tenant": "org"},
		{"source": "headers", "subject": "x-user", "tenant": "x-org", "tier": "x-tier"},
		{"source": "api_keys", "keys": [{"id": "one", "sha256": "`+hashOf("k1")+`", "subject": "alice"}, {"id": "two", "sha256": "`+hashOf("k2")+`", "subject": "alice"}]}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}, {"name": "other", "kind": "api", "match": [{"prefix": "/other"}]}]}`, "")
	hash := func(surface string, headers ...string) uint64 { return h.enter(surface, headers...).Credential }
	alice := hash("rest", "x-user", "alice", "x-org", "acme")
	for name, got := range map[string]uint64{
		"another surface": hash("other", "x-user", "alice", "x-org", "acme"),
		"another tier":    hash("rest", "x-user", "alice", "x-org", "acme", "x-tier", "pro"),
		"a made-up token": hash("rest", "x-user", "alice", "x-org", "acme", "authorization", "Bearer junk"),
	} {
		if got != alice {
			t.Errorf("%s: another hash", name)
		}
	}
	h.proxy.properties[payload("sub")], h.proxy.properties[payload("org")] = "alice", "acme"
	if hash("rest") != alice {
		t.Error("another source: another hash")
	}
	delete(h.proxy.properties, payload("sub"))
	seen := map[uint64]string{0: "nobody", alice: "alice"}
	for _, row := range []struct {
		name    string
		headers []string
	}{
		{"bob", []string{"x-user", "bob", "x-org", "acme"}},
		{"alice of another tenant", []string{"x-user", "alice", "x-org", "other"}},
		{"alice without a tenant", []string{"x-user", "alice"}},
		{"a name that ends elsewhere", []string{"x-user", "aliceac", "x-org", "me"}},
		{"a key", []string{"x-api-key", "k1"}},
		{"another key of the same subject", []string{"x-api-key", "k2"}},
	} {
		got := hash("rest", row.headers...)
		if other, known := seen[got]; known {
			t.Errorf("%s has the hash of %s", row.name, other)
		}
		seen[got] = row.name
	}
	if hash("rest") != 0 || hash("rest", "x-api-key", "k3") != 0 {
		t.Error("an unverified caller has a hash")
	}
}

// Quotas count by the hashes of identities, and their counters outlive the worker.
func TestCredentialHashIsStable(t *testing.T) {
	const config = `{"credentials": {"headers": ["authorization", "x-api-key"]}, "identity": [
		{"source": "headers", "subject": "x-user", "tenant": "x-org"}, {"source": "api_keys", "keys": [{"id": "ci", "sha256": "%"}]},
		{"source": "accepted", "for": "10m"}, {"source": "introspection", "tenant": "org",
			"endpoint": {"cluster": "auth", "url": "https://auth.example.com/", "client_id": "g", "client_secret": "s"}}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`
	for _, row := range []struct {
		name   string
		header string
		value  string
		answer string
		want   []byte
	}{
		{"a name", "x-user", "alice", "", parts("name", "alice", "")},
		{"an API key", "x-api-key", "k", "", parts("key", "ci")},
		{"an accepted token", "authorization", "Token A-1", "", append(parts("", "token"), "a1"...)},
		{"an accepted password", "authorization", basic(" Alice", "x"), "", parts("", "user", "alice")},
		{"an active token", "authorization", "Bearer A-1", `{"active":true}`, parts("", "bearer", "A-1")},
		{"an active token with a name", "authorization", "Bearer A-1", `{"active":true,"org":"acme"}`, parts("name", "", "acme")},
	} {
		h := newHouse(t, strings.Replace(config, "%", hashOf("k"), 1), "")
		g := h.enter("rest", row.header, row.value)
		if row.answer != "" {
			h.say("200", row.answer)
		} else if g.Accept(); !g.Verified {
			g = h.enter("rest", row.header, row.value)
		}
		if !g.Verified || g.Credential != h.table.Hash(row.want) {
			t.Errorf("%s: another hash, %+v", row.name, g.Identity)
		}
	}
}

// parts returns parts of a counter's name, each with its length, behind a beginning.
func parts(begin string, parts ...string) []byte {
	out := []byte(begin)
	for _, part := range parts {
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(part))), part...)
	}
	return out
}

// No client may send the untrusted headers.
func TestUntrustedHeaders(t *testing.T) {
	h := newHouse(t, `{"identity": [{"source": "metadata", "subject": "sub"}], "untrusted_headers": ["x-user-id", "x-tier"]}`, "")
	for _, row := range []struct {
		name          string
		headers, left []string
	}{
		{"two of them", []string{":path", "/api/v1", "x-user-id", "mallory", "x-tier", "enterprise", "x-other", "1"}, []string{":path", "/api/v1", "x-other", "1"}},
		{"one", []string{":path", "/elsewhere", "x-user-id", "mallory"}, []string{":path", "/elsewhere"}},
		{"several lines", []string{":path", "/x", "x-user-id", "a", "accept", "*/*", "x-user-id", "b"}, []string{":path", "/x", "accept", "*/*"}},
		{"as CGI spells it", []string{":path", "/x", "x_user_id", "a", "x-user_id", "b"}, []string{":path", "/x"}},
		{"near misses", []string{":path", "/x", "x-user-idx", "a", "x-user", "b", "xx-user-id", "c"}, []string{":path", "/x", "x-user-idx", "a", "x-user", "b", "xx-user-id", "c"}},
	} {
		h.proxy.request = fakehost.Headers(row.headers...)
		h.Distrust(h.proxy.request)
		if got, want := h.proxy.request, fakehost.Headers(row.left...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v is left", row.name, got)
		}
	}
	h.take()
	if h.Distrust(fakehost.Headers("x-other", "1")); h.take() != "" {
		t.Error("a host call for a request without such headers")
	}
}

// Each request makes exactly these calls of the proxy.
func TestHostCalls(t *testing.T) {
	keys := keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`)
	for _, row := range []struct {
		name, json string
		request    []string
		want       string
		accepts    bool
	}{
		{"trusted headers", headersConfig, []string{"x-user-id", "alice"}, "", true},
		{"an API key", keys, []string{"x-api-key", "k"}, "", true},
		{"a wrong key", keys, []string{"x-api-key", "x"}, "", false},
		{"no key", keys, nil, "", false},
		{"a token that may be accepted", acceptedConfig, []string{"authorization", "Bearer t"}, "get", false},
		{"and is", acceptedConfig, []string{"authorization", "Bearer t"}, "get, now, get, set", true},
		{"no credential", acceptedConfig, nil, "", true},
		{"a token to ask about", askConfig("", ""), []string{"authorization", "Bearer t"}, "wall now, wall now, call", false},
	} {
		h := newHouse(t, row.json, "")
		g := h.enter("rest", row.request...)
		if row.accepts {
			g.Accept()
		}
		if got := h.take(); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// Requests whose caller is known cost no memory.
func TestAllocations(t *testing.T) {
	for _, row := range []struct {
		name, json string
		request    []string
	}{
		{"an API key", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), []string{"x-api-key", "k"}},
		{"an accepted token", acceptedConfig, []string{"authorization", "Bearer t"}},
		{"a remembered token", askConfig("", ""), []string{"authorization", "Bearer t"}},
		{"no credential", acceptedConfig, nil},
	} {
		h := newHouse(t, row.json, "")
		g := h.enter("rest", row.request...)
		if g.Waits() {
			h.say("200", `{"active": true, "org": "acme"}`)
		}
		g.Accept()
		q := h.present(fakehost.Headers(row.request...))
		h.proxy.calls = make([]string, 0, 4096)
		s := &g.State
		if n := testing.AllocsPerRun(100, func() {
			*s = State{}
			s.Begin(&h.rules[0])
			s.Identify(q)
			s.Check()
			s.Accept()
		}); n != 0 || s.Verified != (row.request != nil) {
			t.Errorf("%s: %v allocations, %+v", row.name, n, s.Identity)
		}
	}
}
