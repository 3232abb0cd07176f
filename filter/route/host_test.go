package route

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/request"
)

// hostsConfig has one path for several services, told apart by host, and paths of their
// own.
const hostsConfig = `{
	"exempt": [{"path": "/v1/live", "hosts": ["api.example.com", "*.tenants.example.com"]}, {"path": "/health"}],
	"surfaces": [
		{"name": "api", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["api.example.com"]}]},
		{"name": "admin", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["admin.example.com", "xn--bcher-kva.example"]}, {"prefix": "/only"}, {"path": "/shared"}]},
		{"name": "tenants", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["*.tenants.example.com"]}, {"prefix": "/one", "hosts": ["a.tenants.example.com"]}]},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/v1/rest"}, {"path": "/v1/x", "methods": ["POST"]}, {"prefix": "/shared"}]}]}`

func (r testRouter) at(authority, target string) string {
	return r.nameOf(&request.Target{Method: "GET", Path: target, Authority: authority})
}

func TestRouteByHost(t *testing.T) {
	r := newRouter(t, hostsConfig)
	for _, row := range []struct{ authority, target, want string }{
		{"api.example.com", "/v1", "api"},
		{"admin.example.com", "/v1", "admin"},
		{"a.tenants.example.com", "/v1", "tenants"},
		{"b.a.tenants.example.com", "/v1", "tenants"},

		// A host that no entry names falls to entries without hosts.
		{"else.example", "/v1", "-"},
		{"else.example", "/v1/rest", "rest"},
		{"tenants.example.com", "/v1/rest", "rest"},
		{"xtenants.example.com", "/v1/rest", "rest"},
		{"long-tenants.example.com", "/v1/rest", "rest"},
		{"x.api.example.com", "/v1/rest", "rest"},
		{"api.example.com.evil.example", "/v1/rest", "rest"},
		{"else.example", "/only", "admin"},
		{"192.0.2.1", "/v1/rest", "rest"},
		{"192.0.2.1:8443", "/v1", "-"},
		{"[2001:db8::1]:8443", "/v1/rest", "rest"},
		{"localhost", "/v1", "-"},

		// One normal form.
		{"API.Example.COM", "/v1", "api"},
		{"api.example.com:8443", "/v1", "api"},
		{"api.example.com:", "/v1", "api"},
		{"api.example.com.", "/v1", "api"},
		{"Api.example.com.:80", "/V1/", "api"},
		{"XN--BCHER-KVA.example", "/v1", "admin"},
		{"A.TENANTS.example.com.:1", "/v1", "tenants"},

		// Exempt entries.
		{"api.example.com", "/v1/live", "-"},
		{"API.example.com:80", "/v1/live", "-"},
		{"admin.example.com", "/v1/live", "admin"},
		{"a.tenants.example.com", "/v1/live", "-"},
		{"tenants.example.com", "/v1/live", "-"},
		{"admin.example.com", "/health", "-"},

		// A path that begins with the authority of a host that is named.
		{"api.example.com", "//admin.example.com/v1", "ambiguous host"},
		{"api.example.com", `/\ADMIN.example.com:80/v1`, "ambiguous host"},
		{"api.example.com", "//api.example.com/v1", "api"},
		{"api.example.com", "//else.example/v1", "api"},
		{"api.example.com", "//v1/x", "api"},
		{"api.example.com", "http://admin.example.com/v1", "ambiguous host"},
		{"else.example", "http://admin.example.com/v1", "admin"},
		{"api.example.com", "//u@else.example/v1", "ambiguous host"},
		{"api.example.com", "//admin.example.com/only", "admin"},
		{"api.example.com", "//admin.example.com/v1/live", "admin"},
		{"api.example.com", "//a.tenants.example.com/v1/live", "-"},

		// Two readings of the path.
		{"api.example.com", "/v1/../only", "ambiguous"},
		{"admin.example.com", "/v1/../only", "admin"},
		{"else.example", "/v1/../only", "admin"},
	} {
		if got := r.at(row.authority, row.target); got != row.want {
			t.Errorf("%q at %q is %s, want %s", row.target, row.authority, got, row.want)
		}
	}
}

// A host that services read in several ways is that of every service.
func TestRouteOddHosts(t *testing.T) {
	r := newRouter(t, hostsConfig)
	for _, authority := range []string{
		"", "api.example.com,admin.example.com", "api.example.com,api.example.com", "api.example.com, admin.example.com", ",",
		"user@api.example.com", "api.example.com:x", "api.example.com..", ".api.example.com", ":80", "::1", "[::1", "[api.example.com]",
		"%61pi.example.com", "bücher.example", "ａpi.example.com", "api。example.com", "xn--api-.example.com", "api.example.com/", " api.example.com", "api.example.com\x00", "*.tenants.example.com",
	} {
		for target, want := range map[string]string{
			"/v1":       "ambiguous host", // api, admin or tenants
			"/v1/rest":  "ambiguous host",
			"/v1/live":  "ambiguous host", // an exempt entry with hosts does not apply
			"/one":      "tenants",        // the only one that can own it
			"/only":     "admin",
			"/shared":   "admin", // at every host, whatever comes later
			"/health":   "-",
			"/unlisted": "-",
		} {
			if got := r.at(authority, target); got != want {
				t.Errorf("%q at %q is %s, want %s", target, authority, got, want)
			}
		}
	}
}

// Where no entry names a host, none decides anything.
func TestRouteWithoutHosts(t *testing.T) {
	r := newRouter(t, "")
	for _, authority := range []string{"", "api.example.com", "a,b", "u@x", "\x00"} {
		for target, want := range map[string]string{"/mcp": "mcp", "//evil/mcp": "mcp", "/healthz": "-", "/api/v1/../../mcp": "ambiguous"} {
			if got := r.at(authority, target); got != want {
				t.Errorf("%q at %q is %s, want %s", target, authority, got, want)
			}
		}
	}
}

// Hosts of exempt entries alone are named, too.
func TestExemptByHost(t *testing.T) {
	r := newRouter(t, `{"exempt": [{"path": "/mcp/live", "hosts": ["a.example"]}]}`)
	for authority, want := range map[string]string{"A.example:80": "-", "b.example": "mcp", "a.example,a.example": "mcp", "": "mcp"} {
		if got := r.at(authority, "/mcp/live"); got != want {
			t.Errorf("at %q it is %s, want %s", authority, got, want)
		}
	}
}

// The hosts of quotas are named, too, so that the host is read for them.
func TestHostsOfTarget(t *testing.T) {
	r := newRouter(t, `{"quotas": [{"name": "q", "per": ["client"], "limit": 5, "window": "1m", "paths": [{"prefix": "/mcp", "hosts": ["*.example.com"]}]}]}`)
	for _, row := range []struct{ authority, path, want string }{
		{"API.example.com:80", "/mcp", "[api.example.com]"},
		{"else.example", "//api.example.com/mcp", "[else.example api.example.com]"},
		{"a,b", "/mcp", "[]"},
		{"x", "/mcp", "[x]"},
		{"x", "/unlisted", "[x]"},
	} {
		target := request.Target{Method: "GET", Path: row.path, Authority: row.authority, Hosts: []string{"stale"}}
		if r.Route(&target); fmt.Sprint(target.Hosts) != row.want {
			t.Errorf("%q at %q has the hosts %q, want %s", row.path, row.authority, target.Hosts, row.want)
		}
		for _, old := range r.hosts[len(r.hosts):cap(r.hosts)] {
			if old != "" {
				t.Errorf("%q at %q keeps %q in memory", row.path, row.authority, old)
			}
		}
	}
	target := request.Target{Path: "/mcp", Authority: "x", Hosts: []string{"stale"}}
	if newRouter(t, "").Route(&target); target.Hosts != nil {
		t.Errorf("without named hosts there are the hosts %q", target.Hosts)
	}
}

// A request that may be for any host belongs to the one surface that requests for its
// path belong to at any host, and is ambiguous if there are several.
func TestAnyHostIsEveryHost(t *testing.T) {
	random := rand.New(rand.NewSource(13))
	hosts := []string{"a.example", "b.example", "*.example", "c.b.example", "*.b.example"}
	concrete := []string{"a.example", "b.example", "x.example", "c.b.example", "x.b.example", "else", "example"}
	ambiguous := 0
	for range 3000 {
		var surfaces []string
		for i := range 1 + random.Intn(3) {
			path := []string{"/p", "/p/q", "/"}[random.Intn(3)]
			on := ""
			if random.Intn(3) > 0 {
				on = `, "hosts": ["` + hosts[random.Intn(len(hosts))] + `"]`
			}
			surfaces = append(surfaces, fmt.Sprintf(`{"name": "s%d", "kind": "api", "match": [{"prefix": "%s"%s}]}`, i, path, on))
		}
		config := `{"exempt": [{"path": "/p/q/exempt"}, {"path": "/p", "hosts": ["a.example"]}], "surfaces": [` + strings.Join(surfaces, ",") + `]}`
		r, ok := tryRouter(config)
		if !ok {
			continue // a surface that no request can reach
		}
		for _, path := range []string{"/p", "/p/q", "/z", "/p/q/exempt"} {
			found := map[string]bool{}
			for _, host := range concrete {
				if name := r.at(host, path); name != "-" {
					found[name] = true
				}
			}
			got := r.at("a,b", path)
			switch {
			case len(found) > 1 && got != "ambiguous host", len(found) == 1 && !found[got] && got != "ambiguous host", len(found) == 0 && got != "-" && path != "/p": // which may be exempt
				t.Fatalf("%s: %s may belong to %v, and is %s", config, path, found, got)
			case got == "ambiguous host":
				ambiguous++
			}
		}
	}
	if ambiguous < 500 {
		t.Errorf("only %d requests were ambiguous", ambiguous)
	}
}

func TestRouteByHostAllocatesNothing(t *testing.T) {
	r := newRouter(t, hostsConfig)
	for _, authority := range []string{"api.example.com:8443", "else.example", "", "a,b"} {
		for _, path := range []string{"/v1/items?x", "/static", "/v1/live"} {
			target := request.Target{Method: "GET", Path: path, Authority: authority}
			if n := testing.AllocsPerRun(100, func() { r.Route(&target) }); n != 0 {
				t.Errorf("%q at %q costs %.0f allocations", path, authority, n)
			}
		}
	}
}

// An explanation tells at which host a reading leads where.
func TestExplainHosts(t *testing.T) {
	r := newRouter(t, hostsConfig)
	for _, row := range []struct{ authority, path, want string }{
		{"API.example.com", "/v1/rest", "[api.example.com] [0] false false: /v1/rest@api.example.com -1 0 [{0 0} {3 0}]"},
		{"xn--bcher-kva.example", "/v1", "[xn--bcher-kva.example] [1] false false: /v1@xn--bcher-kva.example -1 1 [{1 0}]"},
		{"else.example", "/v1/rest", "[else.example] [3] false false: /v1/rest@else.example -1 3 [{3 0}]"},
		{"api.example.com", "/v1/live", "[api.example.com] [] false false: /v1/live@api.example.com 0 -1 [{0 0}]"},
		{"a,b", "/v1/rest", "[] [0 1 2 3] true true: /v1/rest@ -1 -2 [{0 0} {1 0} {2 0} {3 0}]"},
		{"a,b", "/one", "[] [2] false false: /one@ -1 2 [{2 1}]"},
		{"api.example.com", "/v1/../only", "[api.example.com] [1 0] true false: /only@api.example.com -1 1 [{1 1}] /v1/../only@api.example.com -1 0 [{0 0}]"},
		{"api.example.com", "//admin.example.com/only", "[api.example.com admin.example.com] [1] false false: "},
	} {
		target := request.Target{Method: "GET", Path: row.path, Authority: row.authority}
		v := r.Explain(&target)
		got := fmt.Sprint(v.Hosts, " ", v.Surfaces, " ", v.Ambiguous, " ", v.AmbiguousHost, ":")
		known := map[string]bool{}
		for _, reading := range v.Readings {
			line := fmt.Sprint(" ", reading.Path, "@", reading.Host, " ", reading.Exempt, " ", reading.Owner, " ", reading.Matches)
			if !known[line] {
				got += line
			}
			known[line] = true
		}
		if !v.ByHost || got != row.want && (!strings.HasSuffix(row.want, ": ") || !strings.HasPrefix(got, row.want)) {
			t.Errorf("%q at %q: got %s\nwant %s", row.path, row.authority, got, row.want)
		}
		if len(target.Hosts) != len(v.Hosts) {
			t.Errorf("%q at %q has the hosts %q afterwards", row.path, row.authority, target.Hosts)
		}
	}
	if v := newRouter(t, "").Explain(&request.Target{Path: "/mcp", Authority: "x"}); v.ByHost || v.Hosts != nil || v.Readings[0].Host != "" {
		t.Errorf("without named hosts: %+v", v)
	}
}

// FuzzRouteHost: no spelling of a host escapes its surface.
func FuzzRouteHost(f *testing.F) {
	for _, seed := range []string{"api.example.com", "API.example.com.:80", "a,b", "", "u@api.example.com", "[::1]:80", "xn--api-.example.com", "admin.example.com"} {
		f.Add(seed, "/v1")
		f.Add("api.example.com", "//"+seed+"/v1")
	}
	r := newRouter(f, hostsConfig)
	f.Fuzz(func(t *testing.T, authority, path string) {
		target := request.Target{Method: "GET", Path: path, Authority: authority}
		surface, ambiguous := r.Route(&target)
		if v := r.Explain(&target); v.Ambiguous != (ambiguous != "") || ambiguous != "" && surface != None || surface == Several {
			t.Fatalf("%q at %q belongs to %d, %q; %+v", path, authority, surface, ambiguous, v)
		}
		// Whatever a service makes of the host, it finds api.example.com in it.
		host := strings.ToLower(authority)
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i+1:]
		}
		host, _, _ = strings.Cut(host, ":")
		if strings.TrimSuffix(host, ".") == "api.example.com" {
			target := request.Target{Method: "GET", Path: "/v1", Authority: authority}
			if got := r.nameOf(&target); got != "api" && got != "ambiguous host" {
				t.Fatalf("/v1 at %q is %s", authority, got)
			}
		}
	})
}
