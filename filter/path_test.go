package filter

import (
	"math/rand"
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	f, _ := newFilter(t, "")
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

		// Exempt paths, to the letter.
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
		{"GET", "/mcp/..", "mcp"}, // Express routes it so
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
		{"GET", "/oauth;%2f../token", "-"}, // GET
		{"POST", "/oauth;%2f../token", "token"},

		// What is no path.
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

		// An exempt path is not reached by dressing another one up.
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

		// Long ones.
		{"GET", "/mcp/" + long, "mcp"},
		{"GET", strings.Repeat("/x/..", 800) + "/mcp", "mcp"},
		{"GET", strings.Repeat("/", maxDressed-3) + "mcp", "mcp"},
		{"GET", strings.Repeat("/", maxDressed-2) + "mcp", "ambiguous"},
		{"GET", "/mcp?" + strings.Repeat("%2f", maxDressed), "mcp"},
		{"GET", "/mcp/a%2Fb?" + strings.Repeat("x", maxDressed), "mcp"},
		{"GET", "/" + long + "/../mcp", "ambiguous"},
		{"GET", strings.Repeat("/..", 10_000) + "/mcp", "ambiguous"},
		{"GET", strings.Repeat("/.;a", 10_000), "ambiguous"},
		{"GET", "/" + strings.Repeat("%", 10_000), "ambiguous"},
	} {
		got := surfaceName(f.classify(&target{method: row.method, path: row.target}))
		if got != row.want {
			t.Errorf("%s %.60q is %s, want %s", row.method, row.target, got, row.want)
		}
	}
}

func TestClassifyMethod(t *testing.T) {
	f, _ := newFilter(t, `{
		"exempt": [{"path": "/x/open", "methods": ["GET"]}],
		"surfaces": [
			{"name": "write", "kind": "api", "match": [{"prefix": "/x", "methods": ["POST", "DELETE"]}]},
			{"name": "read", "kind": "api", "match": [{"prefix": "/x", "methods": ["GET"]}]},
			{"name": "odd", "kind": "api", "match": [{"path": "/a%20b"}, {"path": "/v1.0"}]}]}`)
	for i, row := range []struct {
		headers []Header
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

		// A method that a header overrides.
		{hdr(":method", "PUT", ":path", "/x", "x-http-method-override", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method-override", " delete\t"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-http-method", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-method-override", "POST"), "write"},
		{hdr(":method", "PUT", ":path", "/x", "x-method-override", "PATCH"), "-"},
		{hdr(":method", "GET", ":path", "/x/open", "x-http-method-override", "DELETE"), "write"},
		{hdr(":method", "PUT", ":path", "/x/open", "x-http-method-override", "GET"), "read"},
		{hdr(":method", "POST", ":path", "/x", "x-http-method-override", "PUT"), "write"},

		// Which of several overrides counts is up to the service.
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
	} {
		target, _ := readRequest(row.headers)
		if got := surfaceName(f.classify(&target)); got != row.want {
			t.Errorf("%d: %v is %s, want %s", i, row.headers, got, row.want)
		}
	}
}

func TestClassifyEverything(t *testing.T) {
	f, _ := newFilter(t, `{"exempt": [{"path": "/healthz"}],
		"surfaces": [{"name": "all", "kind": "api", "match": [{"prefix": "/"}]}]}`)
	for path, want := range map[string]string{
		"/healthz": "-", "/healthz?x": "-",
		"/": "all", "": "all", "*": "all", "/x": "all",
		"/healthz/": "all", "/HEALTHZ": "all", "/healthz/..%2fx": "all", "/x/..%2fhealthz": "all",
		"/healthz;x": "all", "/x/..;/healthz": "all", "/healthz%00": "all", `\healthz`: "all",
		"/%2fhealthz": "all", "/healthz%3f": "all", "//x/healthz": "all",
		"/./healthz": "all", "/x/../healthz": "all",
		// RFC 3986 section 6.2.2.2: the same path, whoever reads it.
		"/%68ealthz": "-",
	} {
		if got := surfaceName(f.classify(&target{method: "GET", path: path})); got != want {
			t.Errorf("%q is %s, want %s", path, got, want)
		}
	}
}

// services are ways in which programs make a request path of a request target.
var services = []struct {
	name string
	read func(target string) string
}{
	{"net/http", func(target string) string {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return ""
		}
		return path.Clean(u.Path)
	}},
	{"Express", func(target string) string { return unescape(target, unreserved) }},
	{"RFC 3986", func(target string) string { return resolve(unescape(target, unreserved)) }},
	{"nginx", func(target string) string { return path.Clean(unescape(target, "")) }},
	{"nginx, merge_slashes off", func(target string) string { return resolve(unescape(target, "")) }},
	{"nginx behind nginx", func(target string) string {
		return path.Clean(unescape(path.Clean(unescape(target, "")), ""))
	}},
	{"Tomcat", func(target string) string {
		return path.Clean(strings.ReplaceAll(unescape(withoutParams(target), ""), `\`, "/"))
	}},
	{"Jetty", func(target string) string { return resolve(unescape(withoutParams(target), "")) }},
	{"decoded, then parameters", func(target string) string { return path.Clean(withoutParams(unescape(target, ""))) }},
	{"WHATWG", func(target string) string {
		target = strings.ReplaceAll(target, `\`, "/")
		if strings.HasPrefix(target, "//") {
			_, rest, _ := strings.Cut(strings.TrimLeft(target, "/"), "/")
			target = "/" + rest
		}
		return unescape(resolve(unescape(target, unreserved)), unreserved)
	}},
	{"IIS", func(target string) string {
		return strings.ToLower(path.Clean(strings.ReplaceAll(unescape(target, ""), `\`, "/")))
	}},
}

const unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

// unescape decodes the percent-encoded characters of a set, "" for all.
func unescape(s, set string) string {
	var out strings.Builder
	for s != "" {
		if c, err := url.PathUnescape(s[:min(3, len(s))]); err == nil && len(c) == 1 && s[0] == '%' &&
			(set == "" || strings.Contains(set, c)) {
			out.WriteString(c)
			s = s[3:]
			continue
		}
		out.WriteByte(s[0])
		s = s[1:]
	}
	return out.String()
}

// resolve removes dot segments, each empty segment being one.
func resolve(p string) string {
	var out []string
	segments := strings.Split(p, "/")[1:]
	for i, s := range segments {
		switch s {
		case ".", "..":
			if s == ".." && len(out) > 0 {
				out = out[:len(out)-1]
			}
			if i == len(segments)-1 {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/")
}

func withoutParams(p string) string {
	segments := strings.Split(p, "/")
	for i := range segments {
		segments[i], _, _ = strings.Cut(segments[i], ";")
	}
	return strings.Join(segments, "/")
}

// routed is the surface of the default configuration that a service's own path
// lies in. Services merge the slashes that are left when they route.
func routed(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	for len(p) > 1 && strings.HasSuffix(p, "/") {
		p = p[:len(p)-1]
	}
	p = strings.ToLower(p)
	switch {
	case p == "/oauth/token":
		return "token"
	case p == "/oauth/authorize":
		return "consent"
	case p == "/mcp" || strings.HasPrefix(p, "/mcp/"):
		return "mcp"
	case p == "/api/v1" || strings.HasPrefix(p, "/api/v1/"):
		return "rest"
	}
	return "-"
}

// checkServices fails when a service takes a target for a surface's that classify
// does not.
func checkServices(t *testing.T, f *Filter, path string) {
	t.Helper()
	got := surfaceName(f.classify(&target{method: "POST", path: path}))
	for _, service := range services {
		if want := routed(service.read(path)); want != "-" && got != want && got != "ambiguous" {
			t.Errorf("%q is %s, but %s reads it as %q of %s", path, got, service.name, service.read(path), want)
		}
	}
}

// TestNoSpellingEscapes makes paths of pieces that matter to one reader or
// another: whatever a known kind of service makes of them, the filter saw it.
func TestNoSpellingEscapes(t *testing.T) {
	f, _ := newFilter(t, "")
	random := rand.New(rand.NewSource(1))
	pieces := []string{"/", "/", "/", "/", "..", "..", ".", "mcp", "api", "v1", "oauth", "token", "x", ";", ";a=b", "%2f", "%2F",
		"%5c", `\`, "%2e", "%2e%2e", "%252e", "%252f", "%3b", "%25", "%", "//", "/../", "/..;/", "healthz", ".well-known", "%6d", "M"}
	for i := 0; i < 20_000 && !t.Failed(); i++ {
		var b strings.Builder
		b.WriteByte('/')
		for n := 1 + random.Intn(12); n > 0; n-- {
			b.WriteString(pieces[random.Intn(len(pieces))])
		}
		checkServices(t, f, b.String())
	}
}

// TestSpellingsOfGuardedPaths dresses a guarded path up in ways that one service
// or another undoes.
func TestSpellingsOfGuardedPaths(t *testing.T) {
	f, _ := newFilter(t, "")
	random := rand.New(rand.NewSource(2))
	for want, guarded := range map[string]string{
		"mcp": "/mcp", "rest": "/api/v1/users", "token": "/oauth/token", "consent": "/oauth/authorize",
	} {
		for i := 0; i < 5_000; i++ {
			spelled := dress(random, guarded)
			got := surfaceName(f.classify(&target{method: "POST", path: spelled}))
			if got != want && got != "ambiguous" {
				t.Fatalf("%s as %q is %s", guarded, spelled, got)
			}
		}
	}
}

// dress writes a path in another way: what is put in is neutral under one order
// of undoing, decode - strip parameters - merge slashes - resolve dots - ignore
// letter case.
func dress(random *rand.Rand, path string) string {
	var b strings.Builder
	for _, segment := range strings.Split(path, "/")[1:] {
		b.WriteString([]string{"/", "/", "//", "/./", "/x/../", "/x;y/../", "/x/%2e%2e/", "/x/..;a/"}[random.Intn(8)])
		for i := 0; i < len(segment); i++ {
			switch c := segment[i : i+1]; random.Intn(6) {
			case 0:
				b.WriteString(strings.ToUpper(c))
			case 1:
				b.WriteString("%" + hexOf(random, c[0]))
			case 2:
				b.WriteString("%" + hexOf(random, strings.ToUpper(c)[0]))
			default:
				b.WriteString(c)
			}
		}
		b.WriteString([]string{"", "", "", ";a=b", ";"}[random.Intn(5)])
	}
	b.WriteString([]string{"", "", "/", "//", "/.", "?q=/x/..", "#f"}[random.Intn(7)])
	if random.Intn(6) == 0 {
		return "http://host" + b.String()
	}
	return b.String()
}

func hexOf(random *rand.Rand, c byte) string {
	digits := []string{"0123456789abcdef", "0123456789ABCDEF"}[random.Intn(2)]
	return string([]byte{digits[c>>4], digits[c&15]})
}

func TestSpellingsAreLinear(t *testing.T) {
	const size = 20_000
	for _, piece := range []string{"/", "/..", "/x/..", "%", "%25", "%2e%2e/", ";", "/;", `\`, `\..`, "/.", "a", "//x"} {
		long := "/" + strings.Repeat(piece, size/len(piece))
		total := 0
		for _, reading := range spellings(pathOf(long), nil) {
			total += len(reading)
		}
		if total > 30*size {
			t.Errorf("the readings of %d times %q are %d bytes", size/len(piece), piece, total)
		}
		short := "/" + strings.Repeat(piece, 100)
		const runs = 5
		few := testing.AllocsPerRun(runs, func() { spellings(pathOf(short), nil) })
		many := testing.AllocsPerRun(runs, func() { spellings(pathOf(long), nil) })
		if many > few+3 {
			t.Errorf("%q: %.0f allocations for 100, %.0f for many", piece, few, many)
		}
	}
}

func TestPlainPathsHaveOneReading(t *testing.T) {
	for _, p := range []string{"/", "/mcp", "/api/v1/users/5", "/a.b/c-d_e~f", "/x?y=%2f..;"} {
		if n := len(spellings(pathOf(p), nil)); n != 1 {
			t.Errorf("%q has %d readings", p, n)
		}
	}
	into := make([]string, 0, 1)
	if n := testing.AllocsPerRun(100, func() { spellings(pathOf("/api/v1/users?x=1"), into) }); n != 0 {
		t.Errorf("a plain path costs %.0f allocations", n)
	}
}

func TestRemoveDots(t *testing.T) {
	for in, want := range map[string]string{
		// RFC 3986 section 5.2.4.
		"/a/b/c/./../../g": "/a/g",
		// And section 5.4, against the base /b/c/.
		"/b/c/.": "/b/c/", "/b/c/./": "/b/c/", "/b/c/..": "/b/", "/b/c/../": "/b/", "/b/c/../g": "/b/g",
		"/b/c/../..": "/", "/b/c/../../": "/", "/b/c/../../g": "/g", "/b/c/../../../g": "/g",
		"/./g": "/g", "/../g": "/g", "/b/c/g.": "/b/c/g.", "/b/c/.g": "/b/c/.g", "/b/c/g..": "/b/c/g..",
		"/b/c/..g": "/b/c/..g", "/b/c/./../g": "/b/g", "/b/c/./g/.": "/b/c/g/", "/b/c/g/./h": "/b/c/g/h",
		"/b/c/g/../h": "/b/c/h",
		"/.":          "/", "/..": "/", "/": "/", "//..": "/", "/a//../b": "/a/b",
	} {
		if got := removeDots(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzSpellings(f *testing.F) {
	for _, seed := range []string{"/mcp", "/x/../mcp", "/x/..%2fmcp", "//evil/mcp", `/\evil\mcp`, "http://h/mcp", "*", "", "/%",
		"/%%341", "/a;b/..;c/d", "/a//../b", "/%00", "/.", "/..", "?", "#", "x://", "/%252e%252e/"} {
		f.Add(seed)
	}
	guard, _ := newFilter(f, "")
	f.Fuzz(func(t *testing.T, in string) {
		readings := spellings(pathOf(in), nil)
		for _, r := range readings {
			if !strings.HasPrefix(r, "/") {
				t.Fatalf("%q is read as %q", in, r)
			}
		}
		if !brokenPercent(in) {
			if again := spellings(pathOf(readings[0]), nil)[0]; again != readings[0] {
				t.Fatalf("%q is read as %q, and that as %q", in, readings[0], again)
			}
		}
		if strings.HasPrefix(in, "/") && !strings.ContainsAny(in, "?#") {
			checkServices(t, guard, in)
		}
	})
}

// brokenPercent tells whether a percent sign begins no escape. What a decoder
// leaves of those may be one.
func brokenPercent(s string) bool {
	_, err := url.PathUnescape(s)
	return err != nil
}

func BenchmarkClassify(b *testing.B) {
	f, _ := newFilter(b, "")
	for name, p := range map[string]string{
		"plain":     "/api/v1/users/5?x=y",
		"unguarded": "/static/app.js",
		"dressed":   "/x/..%2fapi/v1/users;a=b",
		"long":      "/" + strings.Repeat("/x/..%2f", 1000),
		"longer":    "/" + strings.Repeat("/x/..%2f", 10_000),
		"worst":     "/" + strings.Repeat(`//x;/..%2f%252f\%3b`, 3000) + "%3f",
	} {
		b.Run(name, func(b *testing.B) {
			t := target{method: "GET", path: p}
			b.ReportAllocs()
			b.SetBytes(int64(len(p)))
			for i := 0; i < b.N; i++ {
				f.classify(&t)
			}
		})
	}
}
