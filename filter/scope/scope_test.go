package scope

import (
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// worker is the room of a configuration with the surface "a" for everything, a surface
// "token" and an MCP server.
type worker struct {
	*Room
	config  *config.Config
	host    *fakehost.Host
	metrics *report.Metrics
}

func newWorker(t testing.TB, more string) *worker {
	t.Helper()
	c := fakehost.ParseConfig(t, `{"exempt": [], "identity": [{"source": "headers", "subject": "x-user", "scopes": "x-scopes"}],
		"surfaces": [{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}]},
			{"name": "tools", "kind": "mcp", "match": [{"prefix": "/mcp"}]}, {"name": "a", "kind": "api", "match": [{"prefix": "/"}]}], `+more+`}`)
	host := fakehost.New()
	metrics := report.NewMetrics(host)
	return &worker{New(c, host, metrics), c, host, metrics}
}

// surface returns the place of a surface.
func (w *worker) surface(name string) int {
	return slices.IndexFunc(w.config.Surfaces, func(s config.Surface) bool { return s.Name == name })
}

// needs returns the scopes that a request on a surface needs, with spaces between them.
// headers are pairs of name and value.
func (w *worker) needs(surface, method, path string, headers ...string) string {
	t, _ := request.Read(fakehost.Headers(append([]string{":method", method, ":path", path}, headers...)...))
	t.Readings = request.Readings(request.Path(t.Path), nil)
	if named := w.config.NamedHosts(); len(named) > 0 {
		t.Hosts = request.HostsOf(&t, &config.Match{Hosts: named}, nil)
	}
	var s State
	s.Begin(w.Rules(w.surface(surface)), &t)
	return s.Needed()
}

func TestOperations(t *testing.T) {
	w := newWorker(t, `"scopes": {"operations": [
		{"path": "/v1/open", "scopes": []},
		{"path": "/v1/Case", "scopes": ["case"]},
		{"prefix": "/v1", "methods": ["GET"], "scopes": ["read"]},
		{"prefix": "/v1", "methods": ["DELETE"], "scopes": ["write", "delete"]},
		{"prefix": "/v1", "scopes": ["write"]},
		{"path": "/token", "surfaces": ["token"], "scopes": ["t"]},
		{"prefix": "/mcp/admin", "scopes": ["admin"]}
	]}`)
	for _, row := range []struct {
		surface, method, path, want string
		headers                     []string
	}{
		{"a", "GET", "/v1/x", "read", nil},
		{"a", "HEAD", "/v1/x", "read", nil},
		{"a", "POST", "/v1/x", "write", nil},
		{"a", "DELETE", "/v1", "write delete", nil},
		{"a", "GET", "/v1/x?y=/v1/open", "read", nil},
		{"a", "GET", "/v2", "", nil},
		{"a", "GET", "/v1x", "", nil},

		// An exception is one to the letter.
		{"a", "POST", "/v1/open", "", nil},
		{"a", "GET", "/v1/open?x", "", nil},
		{"a", "GET", "/v1/open/", "read", nil},
		{"a", "GET", "/v1/Open", "read", nil},
		{"a", "GET", "/v1/open;x", "read", nil},
		{"a", "GET", "/v1/open%2fx", "read", nil},
		{"a", "GET", "/v1/x/../open", "read", nil},
		{"a", "GET", "/v1/open/%2e%2e/x", "read", nil},
		{"a", "GET", "//v1/x", "read", nil},
		{"a", "GET", "/V1/x", "read write", nil},
		{"a", "GET", "/v1/Case", "case", nil},
		{"a", "GET", "/v1/case", "case read", nil},

		// A method that a service may run instead.
		{"a", "GET", "/v1/x", "read write delete", []string{"x-http-method-override", "DELETE"}},
		{"a", "POST", "/v1/x", "read write", []string{"x-method-override", "get"}},
		{"a", "POST", "/v1/x", "read write delete", []string{"x-http-method", "PUT, delete", "x-http-method-override", "HEAD"}},
		{"a", "POST", "/v1/open", "", []string{"x-http-method-override", "DELETE"}},
		{"a", "get", "/v1/x", "read", nil},

		// The surfaces.
		{"token", "GET", "/token", "t", nil},
		{"a", "GET", "/token", "", nil},
		{"tools", "POST", "/mcp/admin/x", "admin", nil},
		{"tools", "POST", "/mcp", "", nil},
		{"token", "POST", "/v1/x", "", nil}, // not of the kinds api and mcp
	} {
		if got := w.needs(row.surface, row.method, row.path, row.headers...); sorted(got) != sorted(row.want) {
			t.Errorf("%s %s %v on %s needs %q, want %q", row.method, row.path, row.headers, row.surface, got, row.want)
		}
	}
}

func TestHosts(t *testing.T) {
	w := newWorker(t, `"scopes": {"operations": [
		{"prefix": "/v1", "hosts": ["open.example"], "scopes": []},
		{"prefix": "/v1", "hosts": ["a.example", "*.b.example"], "scopes": ["a"]},
		{"prefix": "/v1", "scopes": ["other"]}
	]}`)
	for host, want := range map[string]string{
		"open.example": "", "a.example": "a", "A.example:8080": "a", "x.b.example": "a", "b.example": "other", "c.example": "other",
		// A service may take it for any host.
		"": "a other", "a.example,open.example": "a other",
	} {
		headers := []string{":authority", host}
		if host == "" {
			headers = nil
		}
		if got := w.needs("a", "GET", "/v1/x", headers...); sorted(got) != sorted(want) {
			t.Errorf("at %q: %q, want %q", host, got, want)
		}
	}
}

func TestRules(t *testing.T) {
	w := newWorker(t, `"mcp": {}, "scopes": {"operations": [{"prefix": "/v1", "surfaces": ["a"], "scopes": ["x"]}]}`)
	for name, want := range map[string]bool{"a": true, "tools": true, "token": false} {
		if got := w.Rules(w.surface(name)) != nil; got != want {
			t.Errorf("%s has rules: %v", name, got)
		}
	}
	if w.Rules(-1) != nil || w.Rules(3) != nil {
		t.Error("no surface has rules")
	}
	if w := newWorker(t, `"log": {}`); w.Rules(0) != nil || len(w.host.Names) > 0 {
		t.Errorf("a room without configuration has the metrics %q", w.host.Names)
	}
	var none State
	none.Begin(nil, &request.Target{})
	none.Refused()
	if v := none.Explain(&request.Target{Readings: []string{"/v1"}}, &caller.Identity{}); v.Asked || len(v.Operations) > 0 {
		t.Errorf("the view of a request without rules has %+v", v)
	}
	if _, refused := none.Check(&caller.Identity{}); refused || none.Any() || !none.Allows(&caller.Identity{}, []string{"x"}) {
		t.Error("a request without rules needs something")
	}
}

func TestCheck(t *testing.T) {
	w := newWorker(t, `"scopes": {
		"implies": {"admin": ["write", "users"], "write": ["read"], "root": ["admin"], "left": ["right"], "right": ["left", "read"], "self": ["self"]},
		"operations": [{"prefix": "/v1", "scopes": ["read"]}, {"prefix": "/v2", "scopes": ["read", "users"]}, {"prefix": "/v3", "scopes": ["left"]}, {"prefix": "/v4", "scopes": ["admin"]}]}`)
	for _, row := range []struct {
		path, scopes string
		allowed      bool
	}{
		{"/v1", "read", true}, {"/v1", "x read", true}, {"/v1", "write", true}, {"/v1", "admin", true}, {"/v1", "root", true},
		{"/v1", "left", true}, {"/v1", "right", true}, {"/v1", "", false}, {"/v1", "users", false}, {"/v1", "READ", false},
		{"/v1", "read2", false}, {"/v1", "self", false},
		{"/v2", "read", false}, {"/v2", "users", false}, {"/v2", "users read", true}, {"/v2", "users write", true}, {"/v2", "admin", true},
		{"/v3", "right", true}, {"/v3", "left", true}, {"/v3", "read", false}, {"/v3", "root", false},
		{"/v4", "root", true}, {"/v4", "write users read", false},
	} {
		target := request.Target{Method: "GET", Path: row.path, Readings: []string{row.path}}
		id := &caller.Identity{Verified: true, Scopes: strings.Fields(row.scopes)}
		var s State
		s.Begin(w.Rules(w.surface("a")), &target)
		why, refused := s.Check(id)
		want := refusal.Refusal{}
		if !row.allowed {
			want = refusal.Refusal{Reason: refusal.InsufficientScope, Now: w.host.Time}
		}
		if refused == row.allowed || why != want {
			t.Errorf("%s with %q: %+v %v", row.path, row.scopes, why, refused)
		}
		if s.Allows(id, strings.Fields(s.Needed())) != row.allowed {
			t.Errorf("%s with %q: Allows and Check differ", row.path, row.scopes)
		}
		v := s.Explain(&target, id)
		if strings.Join(v.Needed, " ") != s.Needed() || (len(v.Missing) == 0) != row.allowed || len(v.Operations) != 1 || row.path != "/v"+strconv.Itoa(v.Operations[0]+1) {
			t.Errorf("%s with %q: the view has %+v", row.path, row.scopes, v)
		}
	}
}

// TestImpliesAgainstModel compares with reachability in a graph of a few scopes.
func TestImpliesAgainstModel(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 300 {
		const n = 6
		name := func(i int) string { return string(rune('a' + i)) }
		var implies []config.Implication
		var reach [n][n]bool
		for i := range n {
			one := config.Implication{Scope: name(i)}
			for j := range n {
				if random.Intn(5) == 0 {
					one.Scopes = append(one.Scopes, name(j))
					reach[i][j] = true
				}
			}
			implies = append(implies, one)
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		g := newGrants(implies)
		for i := range n {
			for j := range n {
				if got, want := g.has([]string{name(i)}, name(j)), reach[i][j] || i == j; got != want {
					t.Fatalf("%+v: %s has %s: %v", implies, name(i), name(j), got)
				}
			}
		}
	}
}

// TestNeed: scopes that are found later come after those of the operation, each once.
func TestNeed(t *testing.T) {
	w := newWorker(t, `"mcp": {}, "scopes": {"operations": [{"prefix": "/mcp", "scopes": ["query"]}]}`)
	target := request.Target{Method: "POST", Path: "/mcp", Readings: []string{"/mcp"}}
	var s State
	s.Begin(w.Rules(w.surface("tools")), &target)
	s.Need([]string{"generate", "query"})
	s.Need([]string{"generate"})
	s.Need(nil)
	if got := s.Needed(); got != "query generate" {
		t.Errorf("needs %q", got)
	}
	s.Refused()
	w.metrics.Flush()
	if got := w.host.Value(t, "gatewarden_rate_limited_requests_total.surface.tools.reason.insufficient_scope"); got != 1 {
		t.Errorf("counted %d", got)
	}
	words := s.Words(`Bearer scope="query generate"`)
	want := refusal.Words{
		Status: 403, GRPC: refusal.GRPCPermissionDenied, Code: jsonrpc.CodeForbidden, Problem: refusal.Blank("Forbidden"),
		Message: "This needs the scopes: query generate.", Challenge: `Bearer scope="query generate"`,
		More: `,"scope":"query generate","hint":"Get an access token with these scopes."`,
	}
	if *words != want {
		t.Errorf("says %+v", words)
	}
	s.Begin(w.Rules(w.surface("tools")), &request.Target{Method: "POST", Path: "/other", Readings: []string{"/other"}})
	if s.Any() {
		t.Errorf("the next request needs %q", s.Needed())
	}
}

// TestNoSpellingNeedsLess: whatever way a path is written in that a service could read as
// the plain one, and whatever method it could run, the request needs what the plain one does.
func TestNoSpellingNeedsLess(t *testing.T) {
	w := newWorker(t, `"scopes": {"operations": [
		{"path": "/v1/open", "scopes": []}, {"path": "/v1/items", "methods": ["GET"], "scopes": ["list"]},
		{"prefix": "/v1/items", "methods": ["GET", "POST"], "scopes": ["read"]}, {"path": "/v1/items/a", "scopes": ["a"]},
		{"prefix": "/v1/items", "scopes": ["write"]}, {"prefix": "/v1", "methods": ["PUT"], "scopes": ["put"]}, {"prefix": "/v1", "scopes": ["rest"]}
	]}`)
	random := rand.New(rand.NewSource(2))
	for range 20_000 {
		path := []string{"/v1/open", "/v1/items", "/v1/items/a", "/v1/items/b", "/v1/other"}[random.Intn(5)]
		method := []string{"GET", "POST", "PUT", "DELETE"}[random.Intn(4)]
		plain := strings.Fields(w.needs("a", method, path))
		spelled, sent, headers := spell(random, path), method, []string(nil)
		if random.Intn(3) == 0 {
			sent, headers = "POST", []string{"x-http-method-override", strings.ToLower(method)}
		}
		needed := strings.Fields(w.needs("a", sent, spelled, headers...))
		for _, scope := range plain {
			if !slices.Contains(needed, scope) {
				t.Fatalf("%s %s needs %q, and %s %s %q only %q", method, path, plain, sent, spelled, headers, needed)
			}
		}
	}
}

// spell writes a path in another way.
func spell(random *rand.Rand, path string) string {
	for range random.Intn(4) {
		at := random.Intn(len(path))
		switch random.Intn(8) {
		case 0: // one letter as an upper-case one
			path = path[:at] + strings.ToUpper(path[at:at+1]) + path[at+1:]
		case 1:
			const digits = "0123456789abcdef"
			path = path[:at] + "%" + string(digits[path[at]>>4]) + string(digits[path[at]&15]) + path[at+1:]
			return path // a percent sign that is encoded again means something else to most services
		case 2:
			path = strings.Replace(path, "/", "//", 1+random.Intn(2))
		case 3:
			path += "/"
		case 4:
			path += ";x=1"
		case 5:
			path = "/y/.." + path
		case 6:
			path += "?a=/v1/open"
			return path
		case 7:
			path = strings.Replace(path, "/v1", "/v1/.", 1)
		}
	}
	return path
}

func sorted(list string) string {
	fields := strings.Fields(list)
	slices.Sort(fields)
	return strings.Join(fields, " ")
}
