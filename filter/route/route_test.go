package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// testRouter is a router that knows the names of its surfaces.
type testRouter struct {
	*Router
	surfaces []config.Surface
}

func newRouter(t testing.TB, json string) testRouter {
	t.Helper()
	c := fakehost.ParseConfig(t, json)
	return testRouter{New(c), c.Surfaces}
}

// tryRouter is newRouter for a configuration that may have mistakes.
func tryRouter(json string) (testRouter, bool) {
	c, err := config.Parse([]byte(json), nil)
	if err != nil {
		return testRouter{}, false
	}
	return testRouter{New(c), c.Surfaces}, true
}

// name returns the name of the surface that a request belongs to, "-" if it belongs to
// none, and "ambiguous".
func (r testRouter) name(method, target string) string {
	return r.nameOf(&request.Target{Method: method, Path: target})
}

func (r testRouter) nameOf(t *request.Target) string {
	surface, ambiguous := r.Route(t)
	switch {
	case ambiguous == AmbiguousHost && surface == None:
		return "ambiguous host"
	case ambiguous != "" && surface == None:
		return "ambiguous"
	case ambiguous != "":
		return "ambiguous, with a surface"
	case surface == None:
		return "-"
	}
	return r.surfaces[surface].Name
}

// hdr is short for the many rows that need it.
var hdr = fakehost.Headers

func TestRoute(t *testing.T) {
	r := newRouter(t, "")
	long := strings.Repeat("a", 10_000)
	for _, row := range []struct{ method, target, want string }{
		{"GET", "/mcp", "mcp"},
		{"GET", "/mcp/x", "mcp"},
		{"GET", "/mcpx", "-"},
		{"GET", "/mc", "-"},
		{"GET", "/x/mcp", "-"},
		{"GET", "/api/v1", "rest"},
		{"DELETE", "/api/v1/users/5", "rest"},
		{"GET", "/api/v10", "-"},
		{"GET", "/api", "-"},
		{"POST", "/oauth/token", "token"},
		{"POST", "/oauth/token/x", "-"},
		{"POST", "/oauth/authorize", "consent"},

		// Exempt paths, compared exactly.
		{"GET", "/", "-"},
		{"GET", "/healthz", "-"},
		{"GET", "/.well-known", "-"},
		{"GET", "/.well-known/oauth-authorization-server", "-"},
		{"GET", "/.well-known/mcp", "-"},

		// Query and fragment.
		{"GET", "/mcp?x=1", "mcp"},
		{"GET", "/mcp?/../healthz", "mcp"},
		{"GET", "/mcp#x", "mcp"},
		{"GET", "/mcp?", "mcp"},
		{"GET", "/healthz?/mcp", "-"},
		{"GET", "/x?/mcp", "-"},
		{"GET", "/mcp%3Fx", "mcp"},
		{"GET", "/mcp%23x", "mcp"},
		{"GET", "/mcp%253Fx", "mcp"},

		// Trailing slashes and letter case.
		{"GET", "/mcp/", "mcp"},
		{"GET", "/mcp//", "mcp"},
		{"POST", "/oauth/token/", "token"},
		{"POST", "/oauth/token///", "token"},
		{"GET", "/MCP", "mcp"},
		{"GET", "/Api/V1/x", "rest"},
		{"POST", "/OAuth/Token", "token"},
		{"GET", "/%4d%43%50", "mcp"},

		// Dot segments.
		{"GET", "/./mcp", "mcp"},
		{"GET", "/mcp/.", "mcp"},
		{"GET", "/x/../mcp", "mcp"},
		{"GET", "/../../mcp", "mcp"},
		{"GET", "/api/./v1", "rest"},
		{"GET", "/api/x/../v1/y", "rest"},
		{"GET", "/api/x/y/../../v1", "rest"},
		{"GET", "/.../mcp", "-"},
		{"GET", "/mcp/..", "mcp"}, // as Express routes it
		{"GET", "/mcp/../healthz", "mcp"},
		{"GET", "/mcp/%2e%2e/healthz", "mcp"},
		{"GET", "/mcp/..x", "mcp"},
		{"GET", "/..mcp", "-"},
		{"GET", "/x/%2e%2e/mcp", "mcp"},
		{"GET", "/x/.%2E/mcp", "mcp"},
		{"GET", "/x/%252e%252e/mcp", "mcp"},
		{"GET", "/x/..%2fmcp", "mcp"},
		{"GET", "/x%2f..%2fmcp", "mcp"},
		{"GET", "/x/..%252fmcp", "mcp"},
		{"GET", "/x/..%5cmcp", "mcp"},
		{"GET", "/x/..%255cmcp", "mcp"},

		// Slashes.
		{"GET", "//mcp", "mcp"},
		{"GET", "///mcp", "mcp"},
		{"GET", "/api//v1", "rest"},
		{"GET", "/api///v1//x", "rest"},
		{"GET", "/api/x//../v1", "rest"},
		{"GET", "/api//../v1", "rest"},
		{"GET", "/api//..//v1", "rest"},
		{"GET", "/x//../../mcp", "mcp"},
		{"GET", "/api%2Fv1", "rest"},
		{"GET", "/api%2fv1%2fusers", "rest"},
		{"GET", "/api%252Fv1", "rest"},
		{"GET", "/%2Fmcp", "mcp"},
		{"GET", "/api/%2f../v1", "rest"},
		{"GET", "/api/%252f../v1", "rest"},
		{"GET", `\mcp`, "mcp"},
		{"GET", `/\mcp`, "mcp"},
		{"GET", `/api\v1`, "rest"},
		{"GET", `/api\v1\users`, "rest"},
		{"GET", `/x\..\mcp`, "mcp"},
		{"GET", `/api\\..\v1`, "rest"},
		{"GET", "/api%5Cv1", "rest"},
		{"GET", `/x%3f/..\mcp`, "mcp"},

		// An authority.
		{"GET", "//evil/api/v1", "rest"},
		{"GET", "//evil/mcp", "mcp"},
		{"GET", `/\evil/mcp`, "mcp"},
		{"GET", `\\evil\mcp`, "mcp"},
		{"GET", "///evil/mcp", "mcp"},
		{"GET", "http://evil/mcp", "mcp"},
		{"GET", "HTTP://evil:80/mcp?x", "mcp"},
		{"GET", "https://user@evil/api/v1", "rest"},
		{"GET", "http://evil", "-"},
		{"GET", "http://evil?/mcp", "-"},
		{"GET", "http://evil//mcp", "mcp"},
		{"GET", "http://mcp/x", "-"},

		// Parameters.
		{"GET", "/mcp;a=b", "mcp"},
		{"GET", "/mcp;a=b/x", "mcp"},
		{"GET", "/api;x/v1;y", "rest"},
		{"GET", "/;x/mcp", "mcp"},
		{"GET", "/x/..;/mcp", "mcp"},
		{"GET", "/x/..;a=b/mcp", "mcp"},
		{"GET", "/x/.;/../mcp", "mcp"},
		{"GET", "/mcp%3Ba", "mcp"},
		{"GET", "/mcp%253Ba", "mcp"},
		{"GET", "/x/..%3b/mcp", "mcp"},
		{"GET", "/x/%2e%2e;/mcp", "mcp"},
		{"GET", "/api;z%2f..%2f../v1%2fusers", "rest"},
		{"GET", "/oauth;%2f../token", "token"},
		{"POST", "/oauth;%2f../token", "token"},

		// Targets that are not paths.
		{"OPTIONS", "*", "-"},
		{"GET", "", "-"},
		{"CONNECT", "host:443", "-"},
		{"GET", "mcp", "mcp"},
		{"GET", "?", "-"},
		{"GET", "%", "-"},

		// NUL and broken percent sequences.
		{"GET", "/mcp%00", "mcp"},
		{"GET", "/mcp%00.png", "mcp"},
		{"GET", "/mcp%2500", "mcp"},
		{"GET", "/mcp\x00", "-"},
		{"GET", "/mcp%", "-"},
		{"GET", "/mcp/%", "mcp"},
		{"GET", "/mcp%4", "-"},
		{"GET", "/mcp%zz", "-"},
		{"GET", "/%6dcp", "mcp"},
		{"GET", "/%6Dcp", "mcp"},
		{"GET", "/%256dcp", "mcp"},
		{"GET", "/%%36dcp", "mcp"},
		{"GET", "/mcp/%zz/../..", "mcp"},

		// No spelling of a guarded path is exempt.
		{"GET", "/healthz/../mcp", "mcp"},
		{"GET", "/healthz/..;/mcp", "mcp"},
		{"GET", "/healthz/%2e%2e/mcp", "mcp"},
		{"GET", "/healthz%2f..%2fmcp", "mcp"},
		{"GET", "/mcp/..%2fhealthz", "mcp"},
		{"GET", "/mcp/..;/healthz", "mcp"},
		{"GET", `/mcp/..\healthz`, "mcp"},
		{"GET", "/mcp;/../healthz", "mcp"},
		{"GET", "/api/v1/..%2f..%2fhealthz", "rest"},
		{"GET", "/api/v1/%252e%252e/%252e%252e/healthz", "rest"},
		{"GET", "/.well-known/../mcp", "mcp"},
		{"GET", "/.well-known/%2e%2e/mcp", "mcp"},
		{"GET", "/.well-known/..%2fmcp", "mcp"},
		{"GET", "/.well-known/..%252fmcp", "mcp"},
		{"GET", "/.well-known/..;/mcp", "mcp"},
		{"GET", `/.well-known/..\mcp`, "mcp"},
		{"GET", "/.well-known//../../mcp", "mcp"},
		{"GET", "/.well-known/x/../../api/v1", "rest"},
		{"POST", "/oauth/register/../token", "token"},
		{"POST", "/oauth/register/..;/token", "token"},

		// Two surfaces at once.
		{"GET", "//mcp/api/v1", "ambiguous"},
		{"GET", "/mcp/..%2fapi%2fv1", "ambiguous"},
		{"GET", "/mcp/..;/api/v1", "ambiguous"},
		{"GET", `/mcp/..\api\v1`, "ambiguous"},
		{"GET", "/api/v1/%252e%252e/%252e%252e/mcp", "ambiguous"},
		{"GET", "/api/v1/../../mcp", "ambiguous"},

		// Long paths.
		{"GET", "/mcp/" + long, "mcp"},
		{"GET", strings.Repeat("/x/..", 800) + "/mcp", "mcp"},
		{"GET", strings.Repeat("/", maxOddPath-3) + "mcp", "mcp"},
		{"GET", strings.Repeat("/", maxOddPath-2) + "mcp", "ambiguous"},
		{"GET", "/mcp?" + strings.Repeat("%2f", maxOddPath), "mcp"},
		{"GET", "/mcp/a%2Fb?" + strings.Repeat("x", maxOddPath), "mcp"},
		{"GET", "/" + long + "/../mcp", "ambiguous"},
		{"GET", strings.Repeat("/..", 10_000) + "/mcp", "ambiguous"},
		{"GET", strings.Repeat("/.;a", 10_000), "ambiguous"},
		{"GET", "/" + strings.Repeat("%", 10_000), "ambiguous"},
	} {
		got := r.name(row.method, row.target)
		if got != row.want {
			t.Errorf("%s %.60q is %s, want %s", row.method, row.target, got, row.want)
		}
	}
}

func TestRouteByMethod(t *testing.T) {
	r := newRouter(t, `{
		"exempt": [{"path": "/x/open", "methods": ["GET"]}],
		"surfaces": [
			{"name": "write", "kind": "api", "match": [{"prefix": "/x", "methods": ["POST", "DELETE"]}]},
			{"name": "read", "kind": "api", "match": [{"prefix": "/x", "methods": ["GET"]}]},
			{"name": "odd", "kind": "api", "match": [{"path": "/a%20b"}, {"path": "/v1.0"}, {"prefix": "/Mixed/Case"}]}]}`)
	for i, row := range []struct {
		headers []proxy.Header
		want    string
	}{
		{hdr(":method", "POST", ":path", "/x"), "write"},
		{hdr(":method", "GET", ":path", "/x"), "read"},
		{hdr(":method", "HEAD", ":path", "/x"), "read"},
		{hdr(":method", "head", ":path", "/x"), "read"},
		{hdr(":method", "post", ":path", "/x"), "write"},
		{hdr(":method", "PUT", ":path", "/x"), "-"},
		{hdr(":method", "", ":path", "/x"), "-"},
		{hdr(":method", "GET", ":path", "/x/open"), "-"},
		{hdr(":method", "HEAD", ":path", "/x/open"), "-"},
		{hdr(":method", "POST", ":path", "/x/open"), "write"},
		{hdr(":method", "GET", ":path", "/X/open"), "read"},

		// A header overrides the method.
		{hdr(":method", "PUT", ":path", "/x", "x-http-method-override", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method-override", " delete\t"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-method-override", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-method-override", "PATCH"), "-"},
		{hdr(":method", "GET", ":path", "/x/open", "x-http-method-override", "DELETE"), "write"},
		{hdr(":method", "PUT", ":path", "/x/open", "x-http-method-override", "GET"), "read"},
		{hdr(":method", "POST", ":path", "/x", "x-http-method-override", "PUT"), "write"},

		// The service decides which of several overrides counts.
		{hdr(":method", "PUT", ":path", "/x", "x-http-method-override", "POST", "x-method-override", "PUT"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-method-override", "PUT", "x-http-method-override", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method", "POST", "x-http-method", "PUT"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method", "POST, PUT"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method", "PUT ,POST"), "write"},
		{hdr(":method", "GET", ":path", "/x/open", "x-http-method", "DELETE", "x-http-method", ""), "write"},

		{hdr(":method", "GET", ":path", "/a%20b"), "odd"},
		{hdr(":method", "GET", ":path", "/A%20B/"), "odd"},
		{hdr(":method", "GET", ":path", "/v1.0"), "odd"},
		{hdr(":method", "GET", ":path", "/v1%2e0"), "odd"},
		{hdr(":method", "GET", ":path", "/Mixed/Case/x"), "odd"},
		{hdr(":method", "GET", ":path", "/mixed/case"), "odd"},
	} {
		target, _ := request.Read(row.headers)
		if got := r.nameOf(&target); got != row.want {
			t.Errorf("%d: %v is %s, want %s", i, row.headers, got, row.want)
		}
	}
}

func TestRouteEverything(t *testing.T) {
	r := newRouter(t, `{"exempt": [{"path": "/healthz"}],
		"surfaces": [{"name": "all", "kind": "api", "match": [{"prefix": "/"}]}]}`)
	for path, want := range map[string]string{
		"/healthz": "-", "/healthz?x": "-",
		"/": "all", "": "all", "*": "all", "/x": "all",
		"/healthz/": "all", "/HEALTHZ": "all", "/healthz/..%2fx": "all", "/x/..%2fhealthz": "all",
		"/healthz;x": "all", "/x/..;/healthz": "all", "/healthz%00": "all", `\healthz`: "all",
		"/%2fhealthz": "all", "/healthz%3f": "all", "//x/healthz": "all",
		"/./healthz": "all", "/x/../healthz": "all",
		// RFC 3986 section 6.2.2.2: every service reads the same path.
		"/%68ealthz": "-",
	} {
		if got := r.name("GET", path); got != want {
			t.Errorf("%q is %s, want %s", path, got, want)
		}
	}
}

// The readings of a request are those of its own path, whatever came before.
func TestReadingsOfTarget(t *testing.T) {
	r := newRouter(t, "")
	for _, row := range []struct {
		path  string
		plain bool
	}{
		{"/x/..%2fmcp?q", false},
		{"/mcp?q", true},
		{strings.Repeat("/..", 10_000) + "/mcp", false},
		{"/healthz", true},
	} {
		target := request.Target{Method: "GET", Path: row.path, Readings: []string{"stale"}}
		r.Route(&target)
		if len(row.path) > maxOddPath {
			if target.Readings != nil {
				t.Errorf("%.40q has the readings %q", row.path, target.Readings)
			}
			continue
		}
		if want := request.Readings(request.Path(row.path), nil); !slices.Equal(target.Readings, want) || row.plain != (len(want) == 1) {
			t.Errorf("%q has the readings %q, want %q", row.path, target.Readings, want)
		}
		for _, old := range r.readings[len(r.readings):cap(r.readings)] {
			if old != "" {
				t.Errorf("%q keeps %q in memory", row.path, old)
			}
		}
	}
}

func TestRouteAllocatesNothing(t *testing.T) {
	r := newRouter(t, "")
	for _, path := range []string{"/api/v1/users?x=1", "/static/app.js", "/healthz", "/mcp/" + strings.Repeat("a", 10_000)} {
		target := request.Target{Method: "GET", Path: path}
		if n := testing.AllocsPerRun(100, func() { r.Route(&target) }); n != 0 {
			t.Errorf("%.40q costs %.0f allocations", path, n)
		}
	}
}

func BenchmarkRoute(b *testing.B) {
	r := newRouter(b, "")
	for name, p := range map[string]string{
		"plain":     "/api/v1/users/5?x=y",
		"unguarded": "/static/app.js",
		"dressed":   "/x/..%2fapi/v1/users;a=b",
		"long":      "/" + strings.Repeat("/x/..%2f", 1000),
		"longer":    "/" + strings.Repeat("/x/..%2f", 10_000),
		"worst":     "/" + strings.Repeat(`//x;/..%2f%252f\%3b`, 3000) + "%3f",
	} {
		b.Run(name, func(b *testing.B) {
			t := request.Target{Method: "GET", Path: p}
			b.ReportAllocs()
			b.SetBytes(int64(len(p)))
			for i := 0; i < b.N; i++ {
				r.Route(&t)
			}
		})
	}
}
