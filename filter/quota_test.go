package filter

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// quotaConfig is a configuration with the rules given and two surfaces.
func quotaConfig(rules ...string) string {
	return `{"surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 0}}],
		"quotas": [` + strings.Join(rules, ",") + `]}`
}

// rule is a rule per client and minute, with more of its fields.
func rule(name string, limit int, more string) string {
	return `{"name": "` + name + `", "per": ["client"], "limit": ` + strconv.Itoa(limit) + `, "window": "1m"` + more + `}`
}

// ask sends a request as somebody who was verified, and has the service answer 200.
func ask(f *Filter, host *fakeHost, who identity, request []Header, response ...string) *Stream {
	host.request, host.response = request, hdr(append([]string{":status", "200"}, response...)...)
	s := f.NewStream()
	s.identity = who
	if s.RequestHeaders(host, true) == Continue {
		host.request = nil
		s.ResponseHeaders(host, true)
	}
	s.Done(host)
	return s
}

func get(path string) []Header { return hdr(":method", "GET", ":path", path) }

var nobody identity

// TestWhichRulesHold: a rule holds if one reading of a request leads to it, and
// takes the place of another if all do.
func TestWhichRulesHold(t *testing.T) {
	f, host := newFilter(t, quotaConfig(
		rule("all", 60, ""),
		rule("rest", 60, `, "surfaces": ["rest"]`),
		rule("batch", 60, `, "paths": [{"path": "/api/batch"}, {"prefix": "/mcp/batch"}], "cost": [{"path": "/api/batch", "methods": ["POST"], "cost": 5}, {"path": "/api/batch", "methods": ["GET"], "cost": 0}], "overrides": ["all"]`),
		rule("writes", 60, `, "methods": ["PUT"], "overrides": ["rest"]`),
		rule("nightly", 60, `, "paths": [{"path": "/api/batch/nightly"}], "overrides": ["late"]`),
		rule("late", 60, `, "paths": [{"prefix": "/api/batch/nightly"}], "overrides": ["all"]`),
		rule("watching", 60, `, "paths": [{"path": "/api/watched"}], "overrides": ["all", "rest"], "mode": "shadow"`),
		rule("zero", 0, `, "overrides": ["all"]`),
		rule("off", 60, `, "overrides": ["all"], "mode": "off"`),
	))
	for _, row := range []struct{ request, want string }{
		{"GET /mcp", "all"},
		{"GET /api/x", "all rest"},
		{"POST /api/batch", "rest batch*5"},
		{"GET /api/batch", "rest batch*0"},
		{"HEAD /api/batch", "rest batch*0"},
		{"DELETE /api/batch", "rest batch"},
		{"GET /mcp/batch/x", "batch"},
		{"GET /mcp/batches", "all"},
		{"PUT /api/x", "all writes"},
		{"HEAD /api/x", "all rest"},
		// What looks like the path belongs to its rule, and leaves no other.
		{"POST /api/%62atch", "rest batch*5"},
		{"POST /API/Batch", "all rest batch*5"},
		{"POST /api/batch/", "all rest batch*5"},
		{"POST /api/x/..%2fbatch", "all rest batch*5"},
		{"POST /api/batch;x=1", "all rest batch*5"},
		{"POST /mcp/batch/../x", "all batch"},
		{"POST /api/batch/../x", "all rest"},
		// Nor does a header.
		{"GET /api/batch x-http-method-override:POST", "rest batch*5"},
		{"POST /api/batch x-http-method-override:GET", "rest batch*5"},
		{"POST /api/x x-method-override:PUT", "all rest writes"},
		{"PUT /api/x x-method-override:GET", "all rest writes"},
		// What is overridden overrides what it would.
		{"GET /api/batch/nightly", "rest nightly"},
		{"GET /api/batch/nightly/x", "rest late"},
		// What only watches takes no place.
		{"GET /api/watched", "all rest watching"},
		{"GET /elsewhere", ""},
	} {
		parts := strings.Fields(row.request)
		request := hdr(":method", parts[0], ":path", parts[1])
		for _, header := range parts[2:] {
			name, value, _ := strings.Cut(header, ":")
			request = append(request, Header{name, value})
		}
		s := ask(f, host, nobody, request)
		var got []string
		for _, c := range s.charges {
			name := c.quota.Name
			if c.cost != 1 {
				name += "*" + strconv.Itoa(int(c.cost))
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q, want %q", row.request, strings.Join(got, " "), row.want)
		}
	}
}

// A preflight costs nothing and is told nothing.
func TestPreflightIsNotCharged(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 1, "")))
	preflight := hdr(":method", "OPTIONS", ":path", "/api/x", "origin", "https://x", "access-control-request-method", "GET")
	for range 3 {
		ask(f, host, nobody, preflight)
	}
	if got := host.take(); strings.Count(got, "get") != 0 || strings.Contains(got, "add") {
		t.Errorf("%s", got)
	}
	ask(f, host, nobody, hdr(":method", "OPTIONS", ":path", "/api/x"))
	ask(f, host, nobody, append(preflight, Header{"authorization", "x"}))
	if len(host.replies) != 1 {
		t.Error("OPTIONS that is no preflight is not limited")
	}
}

// TestWhoPays: two requests share a counter, or don't.
func TestWhoPays(t *testing.T) {
	ann := identity{verified: true, subject: "ann", tenant: "acme", credential: 1}
	bob := identity{verified: true, subject: "bob", tenant: "acme", credential: 2}
	with := func(id identity, change func(*identity)) identity { change(&id); return id }
	const home, work = "192.0.2.1:1", "192.0.2.2:1"
	for _, row := range []struct {
		per            string
		one, other     identity
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
		{`["tenant"]`, ann, with(bob, func(id *identity) { id.tenant = "other" }), home, home, "/api", "/api", false},
		{`["credential"]`, ann, with(ann, func(id *identity) { id.credential = 9 }), home, home, "/api", "/api", false},
		{`["subject", "tenant"]`, ann, with(ann, func(id *identity) { id.tenant = "other" }), home, home, "/api", "/api", false},
		{`["subject", "tenant"]`, identity{verified: true, subject: "ab", tenant: "c"}, identity{verified: true, subject: "a", tenant: "bc"}, home, home, "/api", "/api", false},
		{`["subject", "client"]`, ann, ann, home, work, "/api", "/api", false},
		// What is missing, or only claimed, is no name: the address pays.
		{`["subject"]`, nobody, with(ann, func(id *identity) { id.verified = false }), home, home, "/api", "/api", true},
		{`["subject"]`, nobody, with(ann, func(id *identity) { id.subject = "" }), home, home, "/api", "/api", true},
		{`["tenant"]`, with(ann, func(id *identity) { id.tenant = "" }), with(bob, func(id *identity) { id.tenant = "" }), home, home, "/api", "/api", true},
		{`["credential"]`, with(ann, func(id *identity) { id.verified = false }), nobody, home, home, "/api", "/api", true},
		{`["subject", "tenant"]`, with(ann, func(id *identity) { id.tenant = "" }), nobody, home, home, "/api", "/api", true},
		{`["subject"]`, nobody, nobody, home, work, "/api", "/api", false},
		{`["subject", "path"]`, nobody, nobody, home, home, "/api/a", "/api/b", true},
		{`["client", "path"]`, nobody, nobody, home, home, "/api/a", "/api/b", false},
		{`["subject", "path"]`, ann, ann, home, home, "/api/a", "/api/b", false},
		{`["subject", "path"]`, ann, ann, home, work, "/api/a", "/api/a", true},
		{`["path"]`, ann, bob, home, work, "/api/a", "/api/a", true},
		// However a path is spelled, it is the same one.
		{`["path"]`, ann, ann, home, home, "/api/a", "/API/a/?x=1", true},
		{`["path"]`, ann, ann, home, home, "/api/a%20b", "/api/%61 b", true},
		{`["path"]`, ann, ann, home, home, "/api/a;1", "/api/a;2", true},
		{`["path"]`, ann, ann, home, home, "/api//a", "/api/./b", true},
		{`["path"]`, ann, ann, home, home, "/api/%2561", "/api/%252e", true},
		{`["path"]`, ann, ann, home, home, "/api/a%3fb", "/api/a%00b", true},
	} {
		f, host := newFilter(t, quotaConfig(`{"name": "q", "per": `+row.per+`, "limit": 9, "window": "1m"}`))
		host.properties[sourceAddress] = row.oneAt
		one := ask(f, host, row.one, get(row.onePath)).charges[0].key
		host.properties[sourceAddress] = row.otherAt
		other := ask(f, host, row.other, get(row.path)).charges[0].key
		if (one == other) != row.same {
			t.Errorf("%s: %+v from %s for %s and %+v from %s for %s share a counter: %v", row.per,
				row.one, row.oneAt, row.onePath, row.other, row.otherAt, row.path, one == other)
		}
	}
}

// Rules have counters of their own, and an algorithm cannot read what another one
// wrote.
func TestRulesCountApart(t *testing.T) {
	keys := map[string]bool{}
	for _, rules := range []string{rule("a", 9, ""), rule("b", 9, ""), rule("a", 9, `, "algorithm": "gcra"`), rule("a", 9, `, "algorithm": "sliding_window"`)} {
		f, host := newFilter(t, quotaConfig(rules))
		keys[fmt.Sprint(ask(f, host, nobody, get("/api")).charges[0].key)] = true
	}
	if len(keys) != 4 {
		t.Errorf("%d counters", len(keys))
	}
	// The same rule counts on, with another limit, too.
	f, host := newFilter(t, quotaConfig(rule("a", 9, "")))
	ask(f, host, nobody, get("/api"))
	again := New(parseConfig(t, quotaConfig(rule("a", 2, ""))), host, testSeed)
	ask(again, host, nobody, get("/mcp"))
	ask(again, host, nobody, get("/api"))
	if len(host.replies) != 1 {
		t.Error("a changed limit does not apply at once")
	}
}

func TestTiers(t *testing.T) {
	f, host := newFilter(t, quotaConfig(`{"name": "plan", "per": ["tenant"], "window": "1m",
		"limits": {"pro": 3, "free": 2, "enterprise": "unlimited", "trial": 0, "default": 1}}`))
	for i, row := range []struct {
		tier     string
		verified bool
		served   int
	}{
		{"free", true, 2}, {"pro", true, 3}, {"enterprise", true, 100}, {"trial", true, 100},
		{"", true, 1}, {"gold", true, 1}, {"default", true, 1}, {"Pro", true, 1},
		{"enterprise", false, 1},
	} {
		host.properties[sourceAddress] = fmt.Sprintf("192.0.2.%d:1", i)
		who := identity{verified: row.verified, tenant: fmt.Sprint("tenant", i), tier: row.tier}
		served := 0
		for range 100 {
			host.forget()
			if ask(f, host, who, get("/api")); len(host.replies) == 0 {
				served++
			}
		}
		if served != row.served {
			t.Errorf("%q, verified %v: %d served, want %d", row.tier, row.verified, served, row.served)
		}
		if row.served == 100 && len(allOf(host.response, rateLimit)) != 0 {
			t.Errorf("%q is told of a limit: %v", row.tier, host.response)
		}
	}
}

// An unlimited rule takes the place of others all the same.
func TestUnlimitedOverrides(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 1, ""),
		`{"name": "free", "per": ["client"], "limit": "unlimited", "window": "1m", "paths": [{"path": "/api/health"}], "overrides": ["all"]}`))
	for range 10 {
		ask(f, host, nobody, get("/api/health"))
	}
	if len(host.replies) != 0 || len(allOf(host.response, rateLimit)) != 0 {
		t.Errorf("%v %v", host.replies, host.response)
	}
	ask(f, host, nobody, get("/api/x"))
	ask(f, host, nobody, get("/api/y"))
	if len(host.replies) != 1 {
		t.Error("the general rule does not hold elsewhere")
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

// No browser sends a preflight that asks for another method, and a service that
// honours the header sees no preflight: it would be free of charge, and of lockouts.
func TestPreflightsAskForNoOtherMethod(t *testing.T) {
	preflight := []string{":method", "OPTIONS", ":path", "/api", "origin", "https://app.example", "access-control-request-method", "POST"}
	for _, row := range []struct {
		header  string
		refused int
	}{
		{"", 0}, {"x-http-method-override", 2}, {"x-http-method", 2}, {"x_method_override", 2},
	} {
		f, host := newFilter(t, quotaConfig(rule("all", 1, "")))
		request := preflight
		if row.header != "" {
			request = append(request, row.header, "POST")
		}
		for range 3 {
			ask(f, host, nobody, hdr(request...))
		}
		if len(host.replies) != row.refused {
			t.Errorf("%q: %d refused, want %d", row.header, len(host.replies), row.refused)
		}
	}
}
