package request

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// oddHosts are those that services read in several ways.
var oddHosts = []string{
	"", ".", "..", ":", ":80", ".:80", "api.example.com..", ".api.example.com", "api..example.com",
	"api.example.com,admin.example.com", "api.example.com, admin.example.com", "api.example.com,api.example.com", "api.example.com,", ",",
	"user@api.example.com", "user:80@api.example.com", "@api.example.com", "api.example.com@", "a@b@c",
	"api.example.com:x", "api.example.com:80:80", "api.example.com: 80", "api.example.com:-1", "api.example.com:+80", "api.example.com:８０",
	"::1", "[::1", "::1]", "[::1]x", "[::1]x:80", "x[::1]", "[::1]]", "[[::1]]", "[fe80::1%25eth0]", "[v1.x]", "[api.example.com]", "[::1].", "a]b:80",
	"%61pi.example.com", "api.example.com%2e", "bücher.example", "ａpi.example.com", "api。example.com", "api.example.com\u00ad",
	"api.example.com/", "api.example.com/x", "api.example.com?x", "api.example.com#x", `api\example`, "http://api.example.com",
	" api.example.com", "api.example.com ", "api example.com", "api\texample.com", "api.example.com\x00", "\x00", "\xff", "api\x7f.example.com",
	"*.example.com", "api$example.com", "api~.example.com", `"api.example.com"`, "(api)", "a;b", "a=b", "a+b", "a!b", "a'b", "a&b", "a<b", "{a}", "a|b", "a^b", "a`b",
	"xn--", "xn--.example.com", "xn--api-.example.com", "XN--API-.example.com", "api.xn--com-", "xn----",
}

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"api.example.com": "api.example.com", "API.Example.COM": "api.example.com",
		"api.example.com:8443": "api.example.com", "api.example.com:": "api.example.com", "api.example.com:99999999999999999999": "api.example.com", "api.example.com:00": "api.example.com",
		"api.example.com.": "api.example.com", "API.example.com.:80": "api.example.com",
		"localhost": "localhost", "a_b.-c-": "a_b.-c-", "a": "a", "1.a": "1.a",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "XN--Bcher-KVA.example:80": "xn--bcher-kva.example", "xn--80ak6aa92e.com": "xn--80ak6aa92e.com", "xn.-": "xn.-",
		"192.0.2.1": "192.0.2.1", "192.0.2.1:80": "192.0.2.1", "0x7f.1": "0x7f.1",
		"[::1]": "[::1]", "[2001:DB8::1]:8443": "[2001:db8::1]", "[::ffff:192.0.2.1]:": "[::ffff:192.0.2.1]",
		strings.Repeat("a", 300) + ".example": strings.Repeat("a", 300) + ".example",
	} {
		if got, ok := Host(in); got != want || !ok {
			t.Errorf("%q is %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range oddHosts {
		if got, ok := Host(in); ok {
			t.Errorf("%q is %q", in, got)
		}
	}
}

func TestAuthorityOf(t *testing.T) {
	for in, want := range map[string]string{
		"/": "", "/x": "", "/x//y": "", "/x://y": "", "": "", "x": "", "*": "", "x/y://z": "", "/x?//y": "", "/?http://y/": "", "://x": "",
		"//x": "x", "//x/y": "x", "///x/y": "x", `/\x\y`: "x", `\\x/y`: "x", "//": "", "//x?y/z": "x", "//x#y": "x", "//u@x:80/y": "u@x:80",
		"http://x/y": "x", "HTTP://X:80/y": "X:80", "http://x": "x", "http://x?y": "x", `http:\\x\y`: "x", "http://": "", "ws://x/": "x", "//%78/y": "x", "//a%2fb/": "a%2fb",
		`x:/\y/z`: "y",
	} {
		if got := authorityOf(in); got != want {
			t.Errorf("the authority of %q is %q, want %q", in, got, want)
		}
	}
}

func TestHostsOf(t *testing.T) {
	named := config.Match{Hosts: []string{"api.example.com", "*.b.example.com"}}
	for _, row := range []struct{ authority, path, want string }{
		{"API.example.com:80", "/x", "api.example.com"},
		{"else.example", "/x", "else.example"},
		{"else.example", "//api.example.com/x", "else.example api.example.com"},
		{"else.example", `/\API.example.com:80\x`, "else.example api.example.com"},
		{"else.example", "http://x.b.example.com", "else.example x.b.example.com"},
		{"api.example.com", "//api.example.com/x", "api.example.com"},
		{"api.example.com", "//api/x", "api.example.com"},
		{"api.example.com", "http://else.example/x", "api.example.com"},
		{"api.example.com", "//u@else.example/x", ""},
		{"api.example.com", "//", "api.example.com"},
		{"", "/x", ""},
		{"", "//api.example.com/x", ""},
		{"a,b", "/x", ""},
	} {
		got := HostsOf(&Target{Authority: row.authority, Path: row.path}, &named, nil)
		if strings.Join(got, " ") != row.want {
			t.Errorf("%q at %q has the hosts %q, want %q", row.path, row.authority, got, row.want)
		}
	}
}

func TestHostAllocatesNothing(t *testing.T) {
	into, named := make([]string, 0, 2), config.Match{Hosts: []string{"api.example.com"}}
	target := Target{Authority: "api.example.com.:8443", Path: "/api/v1?x"}
	if n := testing.AllocsPerRun(100, func() { HostsOf(&target, &named, into) }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestAuthority(t *testing.T) {
	for _, row := range []struct {
		want    string
		headers []string
	}{
		{"", []string{":path", "/"}},
		{"api", []string{":authority", "api"}},
		{"", []string{":authority", ""}},
		{"api,admin", []string{":authority", "api", ":authority", "admin"}},
		{"api,admin", []string{":authority", "api", "host", "admin"}},
		{"api,", []string{":authority", "api", "host", ""}},
		{"api", []string{"host", "api", "x-forwarded-host", "admin"}},
	} {
		if target, _ := Read(hdr(row.headers...)); target.Authority != row.want {
			t.Errorf("%q have the authority %q, want %q", row.headers, target.Authority, row.want)
		}
	}
}

// A rule that guards applies if the host may be one of its own, and a rule that exempts
// only if it surely is.
func TestHostsOfMatch(t *testing.T) {
	for _, row := range []struct {
		listed, hosts string
		may, certain  bool
	}{
		{"", "", true, true},
		{"", "a", true, true},
		{"a", "", true, false},
		{"a", "a", true, true},
		{"a", "b", false, false},
		{"a b", "b", true, true},
		{"a", "a b", true, false},
		{"a b", "a b", true, true},
		{"c", "a b", false, false},
		{"*.e", "a.e", true, true},
		{"*.e", "b.a.e", true, true},
		{"*.e", "e", false, false},
		{"*.e", ".e", false, false},
		{"*.e", "ae", false, false},
		{"*.e", "abe", false, false},
		{"a.e", "b.a.e", false, false},
	} {
		m, target := config.Match{Path: "/x", Hosts: strings.Fields(row.listed)}, Target{Hosts: strings.Fields(row.hosts)}
		if got := May(&m, &target, "/x"); got != row.may {
			t.Errorf("%q may match %q: %v", row.listed, row.hosts, got)
		}
		if got := Surely(&m, &target, "/x"); got != row.certain {
			t.Errorf("%q surely matches %q: %v", row.listed, row.hosts, got)
		}
	}
}

// FuzzHost: a host that is read in one way is read so in its normal form, too, and as
// net/url reads it.
func FuzzHost(f *testing.F) {
	for _, seed := range append(slices.Clone(oddHosts), "api.example.com", "API.Example.com.:80", "[2001:DB8::1]:8443", "xn--bcher-kva.example") {
		f.Add(seed, "/x")
		f.Add("api.example.com", "//"+seed+"/x")
		f.Add("api.example.com", "http://"+seed+"/x")
	}
	named := config.Match{Hosts: []string{"api.example.com", "*.example.com"}}
	f.Fuzz(func(t *testing.T, in, path string) {
		if hosts := HostsOf(&Target{Authority: in, Path: path}, &named, nil); len(hosts) > 2 || len(hosts) == 2 && (hosts[0] == hosts[1] || !named.NamesHost(hosts[1])) {
			t.Fatalf("%q at %q has the hosts %q", path, in, hosts)
		}
		host, ok := Host(in)
		if !ok {
			return
		}
		if again, ok := Host(host); !ok || again != host {
			t.Fatalf("%q is read as %q, and that as %q, %v", in, host, again, ok)
		}
		u, err := url.Parse("//" + in)
		if err != nil {
			return // an address that is none
		}
		if other := strings.Trim(strings.TrimSuffix(ascii.Lower(u.Hostname()), "."), "[]"); other != strings.Trim(host, "[]") || u.User != nil {
			t.Fatalf("%q is read as %q, and by net/url as %q", in, host, other)
		}
	})
}
