package request

import (
	"net/url"
	"strings"
	"testing"
)

func TestReadingsAreLinear(t *testing.T) {
	const size = 20_000
	for _, piece := range []string{"/", "/..", "/x/..", "%", "%25", "%2e%2e/", ";", "/;", `\`, `\..`, "/.", "a", "//x"} {
		long := "/" + strings.Repeat(piece, size/len(piece))
		total := 0
		for _, reading := range Readings(Path(long), nil) {
			total += len(reading)
		}
		if total > 30*size {
			t.Errorf("the readings of %d times %q are %d bytes", size/len(piece), piece, total)
		}
		short := "/" + strings.Repeat(piece, 100)
		const runs = 5
		few := testing.AllocsPerRun(runs, func() { Readings(Path(short), nil) })
		many := testing.AllocsPerRun(runs, func() { Readings(Path(long), nil) })
		if many > few+3 {
			t.Errorf("%q: %.0f allocations for 100, %.0f for many", piece, few, many)
		}
	}
}

func TestIsPlain(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/mcp": true, "/a.b/c-d_e~f": true, "/a./b..": true, "": true, "/x/": true,
		"/a%41": false, `/a\b`: false, "/a;b": false, "//": false, "/a//b": false, "/.": false, "/a/..": false, "/.well-known": false,
	} {
		if got := IsPlain(path); got != want {
			t.Errorf("%q is plain: %v", path, got)
		}
	}
}

func TestPlainPathsHaveOneReading(t *testing.T) {
	for _, p := range []string{"/", "/mcp", "/api/v1/users/5", "/a.b/c-d_e~f", "/x?y=%2f..;"} {
		if n := len(Readings(Path(p), nil)); n != 1 {
			t.Errorf("%q has %d readings", p, n)
		}
	}
	into := make([]string, 0, 1)
	if n := testing.AllocsPerRun(100, func() { Readings(Path("/api/v1/users?x=1"), into) }); n != 0 {
		t.Errorf("a plain path costs %.0f allocations", n)
	}
}

// Normal forms ignore letter case and trailing slashes, and nothing else.
func TestNormal(t *testing.T) {
	for in, want := range map[string]string{
		"/": "/", "//": "/", "/mcp": "/mcp", "/MCP/": "/mcp", "/mcp///": "/mcp", "/Api/V1/x": "/api/v1/x", "/É": "/É", "": "", "/%4D": "/%4d",
	} {
		if got := Normal(in); got != want {
			t.Errorf("the normal form of %q is %q, want %q", in, got, want)
		}
	}
}

func TestPath(t *testing.T) {
	for in, want := range map[string]string{
		"/a?b#c": "/a", "/a#b?c": "/a", "http://h/a?b": "/a", "http://h": "/", "http://h?/a": "/", "a": "/a", "": "/", "*": "/*", "?": "/",
		"/http://h/a": "/http://h/a", "x?y://h/a": "/x", "://h/a": "/://h/a",
	} {
		if got := Path(in); got != want {
			t.Errorf("the path of %q is %q, want %q", in, got, want)
		}
	}
}

func TestQuery(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/a": "", "/a?": "", "?": "", "/a?b=c": "b=c", "/a?b?c": "b?c", "/a?b#c": "b#c", "/a#b?c": "c", "http://h?a": "a", "/a%3Fb": "",
	} {
		if got := Query(in); got != want {
			t.Errorf("the query of %q is %q, want %q", in, got, want)
		}
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

func FuzzReadings(f *testing.F) {
	for _, seed := range []string{"/mcp", "/x/../mcp", "/x/..%2fmcp", "//evil/mcp", `/\evil\mcp`, "http://h/mcp", "*", "", "/%",
		"/%%341", "/a;b/..;c/d", "/a//../b", "/%00", "/.", "/..", "?", "#", "x://", "/%252e%252e/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		readings := Readings(Path(in), nil)
		for _, r := range readings {
			if !strings.HasPrefix(r, "/") {
				t.Fatalf("%q is read as %q", in, r)
			}
		}
		if path := Path(in); IsPlain(path) && (len(readings) != 1 || readings[0] != path) {
			t.Fatalf("%q is plain and has the readings %q", in, readings)
		}
		if !brokenPercent(in) {
			if again := Readings(Path(readings[0]), nil)[0]; again != readings[0] {
				t.Fatalf("%q is read as %q, and that as %q", in, readings[0], again)
			}
		}
	})
}

// brokenPercent tells whether s has a percent sign that does not begin an escape. What a
// decoder leaves of it may begin one.
func brokenPercent(s string) bool {
	_, err := url.PathUnescape(s)
	return err != nil
}
