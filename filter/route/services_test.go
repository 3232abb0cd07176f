package route

import (
	"math/rand"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/request"
)

// services are ways in which programs derive the path from a request target.
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

// unescape decodes the percent-encoded characters of a set. An empty set stands for all
// characters.
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

// resolve removes dot segments. It keeps empty segments, and ".." removes them like
// others.
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

// routed returns the surface of the default configuration that a path belongs to, as a
// service routes it: services merge the remaining slashes first.
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

// checkServices fails if a service routes a target to a surface and the router does not.
func checkServices(t *testing.T, r testRouter, path string) {
	t.Helper()
	got := r.name("POST", path)
	for _, service := range services {
		if want := routed(service.read(path)); want != "-" && got != want && got != "ambiguous" {
			t.Errorf("%q is %s, but %s reads it as %q of %s", path, got, service.name, service.read(path), want)
		}
	}
}

// TestNoSpellingEscapes builds paths from pieces that some services treat specially:
// the router finds the surface of every known reading.
func TestNoSpellingEscapes(t *testing.T) {
	r := newRouter(t, "")
	random := rand.New(rand.NewSource(1))
	pieces := []string{"/", "/", "/", "/", "..", "..", ".", "mcp", "api", "v1", "oauth", "token", "x", ";", ";a=b", "%2f", "%2F",
		"%5c", `\`, "%2e", "%2e%2e", "%252e", "%252f", "%3b", "%25", "%", "//", "/../", "/..;/", "healthz", ".well-known", "%6d", "M"}
	for i := 0; i < 20_000 && !t.Failed(); i++ {
		var b strings.Builder
		b.WriteByte('/')
		for n := 1 + random.Intn(12); n > 0; n-- {
			b.WriteString(pieces[random.Intn(len(pieces))])
		}
		checkServices(t, r, b.String())
	}
}

// TestSpellingsOfGuardedPaths spells guarded paths in ways that some services undo.
func TestSpellingsOfGuardedPaths(t *testing.T) {
	r := newRouter(t, "")
	random := rand.New(rand.NewSource(2))
	for want, guarded := range map[string]string{
		"mcp": "/mcp", "rest": "/api/v1/users", "token": "/oauth/token", "consent": "/oauth/authorize",
	} {
		for i := 0; i < 5_000; i++ {
			spelled := respell(random, guarded)
			got := r.name("POST", spelled)
			if got != want && got != "ambiguous" {
				t.Fatalf("%s as %q is %s", guarded, spelled, got)
			}
		}
	}
}

// respell spells a path in another way, which this order of steps undoes: decode, strip
// parameters, merge slashes, resolve dot segments, ignore letter case.
func respell(random *rand.Rand, path string) string {
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

// FuzzRoute: no spelling escapes its surface.
func FuzzRoute(f *testing.F) {
	for _, seed := range []string{"/mcp", "/x/../mcp", "/x/..%2fmcp", "//evil/mcp", `/\evil\mcp`, "http://h/mcp", "*", "", "/%",
		"/%%341", "/a;b/..;c/d", "/a//../b", "/%00", "/.", "/..", "?", "#", "x://", "/%252e%252e/"} {
		f.Add(seed)
	}
	r := newRouter(f, "")
	f.Fuzz(func(t *testing.T, in string) {
		if strings.HasPrefix(in, "/") && !strings.ContainsAny(in, "?#") {
			checkServices(t, r, in)
		}
		target := request.Target{Method: "POST", Path: in}
		surface, ambiguous := r.Route(&target)
		if v := r.Explain(&target); v.Ambiguous != (ambiguous != "") || ambiguous != "" && surface != None {
			t.Fatalf("%q belongs to %d, %q; %+v", in, surface, ambiguous, v)
		}
	})
}
