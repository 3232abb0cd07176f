package quota

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/request"
)

// TestWhoPays shows which requests share a counter.
func TestWhoPays(t *testing.T) {
	ann := caller.Identity{Verified: true, Subject: "ann", Tenant: "acme", Credential: 1}
	bob := caller.Identity{Verified: true, Subject: "bob", Tenant: "acme", Credential: 2}
	with := func(id caller.Identity, change func(*caller.Identity)) caller.Identity { change(&id); return id }
	const home, work = "192.0.2.1", "192.0.2.2"
	for _, row := range []struct {
		per            string
		one, other     caller.Identity
		oneAt, otherAt string
		onePath, path  string
		same           bool
	}{
		{`["client"]`, ann, bob, home, home, "/api", "/mcp", true},
		{`["client"]`, ann, ann, home, work, "/api", "/api", false},
		{`["subject"]`, ann, ann, home, work, "/api", "/mcp/x", true},
		{`["subject"]`, ann, bob, home, home, "/api", "/api", false},
		{`["subject"]`, ann, nobody, home, home, "/api", "/api", false},
		{`["tenant"]`, ann, bob, home, work, "/api", "/api", true},
		{`["tenant"]`, ann, with(bob, func(id *caller.Identity) { id.Tenant = "other" }), home, home, "/api", "/api", false},
		{`["credential"]`, ann, with(ann, func(id *caller.Identity) { id.Credential = 9 }), home, home, "/api", "/api", false},
		{`["subject", "tenant"]`, ann, with(ann, func(id *caller.Identity) { id.Tenant = "other" }), home, home, "/api", "/api", false},
		{`["subject", "tenant"]`, caller.Identity{Verified: true, Subject: "ab", Tenant: "c"}, caller.Identity{Verified: true, Subject: "a", Tenant: "bc"}, home, home, "/api", "/api", false},
		{`["subject", "client"]`, ann, ann, home, work, "/api", "/api", false},
		// A name that is missing, or only claimed, is none: the address pays.
		{`["subject"]`, nobody, with(ann, func(id *caller.Identity) { id.Verified = false }), home, home, "/api", "/api", true},
		{`["subject"]`, nobody, with(ann, func(id *caller.Identity) { id.Subject = "" }), home, home, "/api", "/api", true},
		{`["tenant"]`, with(ann, func(id *caller.Identity) { id.Tenant = "" }), with(bob, func(id *caller.Identity) { id.Tenant = "" }), home, home, "/api", "/api", true},
		{`["credential"]`, with(ann, func(id *caller.Identity) { id.Verified = false }), nobody, home, home, "/api", "/api", true},
		{`["subject", "tenant"]`, with(ann, func(id *caller.Identity) { id.Tenant = "" }), nobody, home, home, "/api", "/api", true},
		{`["subject"]`, nobody, nobody, home, work, "/api", "/api", false},
		{`["subject", "path"]`, nobody, nobody, home, home, "/api/a", "/api/b", true},
		{`["client", "path"]`, nobody, nobody, home, home, "/api/a", "/api/b", false},
		{`["subject", "path"]`, ann, ann, home, home, "/api/a", "/api/b", false},
		{`["subject", "path"]`, ann, ann, home, work, "/api/a", "/api/a", true},
		{`["path"]`, ann, bob, home, work, "/api/a", "/api/a", true},
		// All spellings of a path are the same path.
		{`["path"]`, ann, ann, home, home, "/api/a", "/API/a/?x=1", true},
		{`["path"]`, ann, ann, home, home, "/api/a%20b", "/api/%61 b", true},
		{`["path"]`, ann, ann, home, home, "/api/a;1", "/api/a;2", true},
		{`["path"]`, ann, ann, home, home, "/api//a", "/api/./b", true},
		{`["path"]`, ann, ann, home, home, "/api/%2561", "/api/%252e", true},
		{`["path"]`, ann, ann, home, home, "/api/a%3fb", "/api/a%00b", true},
	} {
		d := newDoor(t, quotaConfig(`{"name": "q", "per": `+row.per+`, "limit": 9, "window": "1m"}`))
		d.from(row.oneAt)
		one := d.ask(row.one, get(row.onePath)).charges[0].key
		d.from(row.otherAt)
		other := d.ask(row.other, get(row.path)).charges[0].key
		if (one == other) != row.same {
			t.Errorf("%s: %+v from %s for %s and %+v from %s for %s share a counter: %v", row.per,
				row.one, row.oneAt, row.onePath, row.other, row.otherAt, row.path, one == other)
		}
	}
}

// TestKeysStay holds the name of a counter, by which a new version finds what an old one
// counted.
func TestKeysStay(t *testing.T) {
	d := newDoor(t, quotaConfig(`{"name": "q", "per": ["client", "credential", "subject", "tenant", "path"], "limit": 9, "window": "1m", "algorithm": "gcra"}`))
	who := caller.Identity{Verified: true, Subject: "ann", Tenant: "acme", Credential: 0x0102030405060708}
	got := d.ask(who, get("/api")).charges[0].key
	path := d.table.Hash([]byte("/api"))
	name := "a\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01" +
		"c\x08\x07\x06\x05\x04\x03\x02\x01" + "s\x03\x00\x00\x00ann" + "t\x04\x00\x00\x00acme" + "p"
	bytes := []byte(name)
	for range 8 {
		bytes = append(bytes, byte(path))
		path >>= 8
	}
	if want := d.table.Key([]byte("quota"), []byte("\x02q"), bytes); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	for name := range d.host.Data {
		if !strings.HasPrefix(name, "gatewarden/1/quota/") {
			t.Errorf("%q is not in the table of the quotas", name)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for path, want := range map[string]string{
		"/":               "/",
		"/a/B/":           "/a/b",
		"/a%20b":          "/a b",
		"/a%2Fb":          "/a/b",
		"/a%252Fb":        "",
		"/a//b":           "",
		"/a/./b":          "",
		"/a/%2e/b":        "",
		"/a;b":            "",
		"/a%3bb":          "",
		"/a%5cb":          "",
		"/a%3Fb":          "",
		"/a%23b":          "",
		"/a%00":           "",
		"/a%":             "",
		"/caf%C3%A9":      "/caf\xc3\xa9",
		"/.well-known/x":  "",
		"/api/x.json":     "/api/x.json",
		"//a":             "",
		"/a%2F%2Fb":       "",
		"/a%41":           "/aa",
		"/files/My%20Doc": "/files/my doc",
	} {
		if got := endpoint(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// FuzzEndpoint holds endpoint to the readings of a path: it is one of them, or none, and
// a client gains no counter by letter case or slashes at the end.
func FuzzEndpoint(f *testing.F) {
	for _, path := range []string{"/", "/a/B/", "/a%2Fb", "/a%252Fb", "/a//b", "/a/%2e/b", "/a;b", "/a%5cb", "/a%00", "/a%", "/caf%C3%A9", "//a"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		path = request.Path("/" + path)
		got := endpoint(path)
		if got == "" || strings.Contains(path, "\x00") { // Envoy refuses a NUL
			return
		}
		var readings []string
		for _, reading := range request.Readings(path, nil) {
			readings = append(readings, request.Normal(reading))
		}
		if !slices.Contains(readings, got) {
			t.Errorf("%q is none of %q", got, readings)
		}
		for _, other := range []string{path + "/", upper(path)} {
			if again := endpoint(other); again != got && again != "" {
				t.Errorf("%q is %q, but %q is %q", path, got, other, again)
			}
		}
		if strings.ContainsAny(got, "?#\x00;\\%") {
			t.Errorf("%q can be read in another way", got)
		}
	})
}

// upper puts ASCII letters into upper case.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
