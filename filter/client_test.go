package filter

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":             "192.0.2.1",
		" 192.0.2.1\t":          "192.0.2.1",
		"192.0.2.1:0":           "192.0.2.1",
		"192.0.2.1:65535":       "192.0.2.1",
		"192.0.2.1:":            "192.0.2.1",
		"[192.0.2.1]:80":        "192.0.2.1",
		"2001:db8::1":           "2001:db8::1",
		"2001:DB8:0:0::1":       "2001:db8::1",
		"[2001:db8::1]":         "2001:db8::1",
		"[2001:db8::1]:443":     "2001:db8::1",
		"fe80::1%eth0":          "fe80::1",
		"[fe80::1%25eth0]:80":   "fe80::1",
		"::ffff:192.0.2.1":      "192.0.2.1",
		"[::ffff:c000:201]:80":  "192.0.2.1",
		"64:ff9b::192.0.2.1":    "192.0.2.1",
		"[64:ff9b::c000:201]:1": "192.0.2.1",
		"::ffff:192.0.2.1%x":    "192.0.2.1",
		"64:ff9b:1::c000:201":   "64:ff9b:1::c000:201", // RFC 8215, local use
		"::192.0.2.1":           "::c000:201",
		"::":                    "::",
		"0.0.0.0":               "0.0.0.0",

		"": "", " ": "", "unknown": "", "_hidden": "", "-": "",
		"192.0.2": "", "192.0.2.256": "", "192.0.2.01": "", "0xc0.0.2.1": "", "3221225985": "",
		"192.0.2.1:http": "", "192.0.2.1:123456": "", "192.0.2.1:-1": "", "192.0.2.1 x": "", "192.0.2.1,": "",
		"192.0.2.1/24": "", "host:80": "", ":80": "", "[": "", "]": "", "[]": "", "[]:80": "",
		"[2001:db8::1": "", "2001:db8::1]": "", "[2001:db8::1]x": "", "[2001:db8::1]80": "", "[[::1]]": "",
		"2001:db8::1::": "", "2001:db8:::1": "", "%eth0": "", "for=192.0.2.1": "", `"192.0.2.1"`: "",
		"192.0.2.1\n": "", "192.0.2.1\x00": "",
	} {
		got := parseAddress(in)
		if got.IsValid() != (want != "") || want != "" && got.String() != want {
			t.Errorf("%q is %v, want %q", in, got, want)
		}
	}
}

func TestClientSource(t *testing.T) {
	const xff = `{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48"]}}`
	const xffFirst = `{"client": {"source": "xff-first"}}`
	const header = `{"client": {"source": "header:X-Real-IP", "trusted_proxies": ["10.0.0.0/8"]}}`
	forwarded := func(lines ...string) []Header {
		headers := hdr(":path", "/", "x-real-ip", "203.0.113.99")
		for _, line := range lines {
			headers = append(headers, Header{forwardedFor, line})
		}
		return headers
	}
	for i, row := range []struct {
		json, peer string
		headers    []Header
		want       string
	}{
		// Envoy's own choice, whatever the headers say.
		{"", "192.0.2.1:5", forwarded("203.0.113.1"), "192.0.2.1/32"},
		{"", "[2001:db8::1]:0", nil, "2001:db8::/64"},
		{"", "[::ffff:192.0.2.1]:0", nil, "192.0.2.1/32"},
		{"", "", forwarded("203.0.113.1"), "unknown"},
		{"", "/run/envoy.sock", nil, "unknown"},

		// From the right, past the trusted.
		{xff, "10.0.0.1:1", forwarded(), "10.0.0.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("198.51.100.1, 203.0.113.1"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("198.51.100.1,203.0.113.1 ,10.1.1.1,\t10.2.2.2"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("198.51.100.1", "203.0.113.1, 10.1.1.1", "10.2.2.2"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1:8080, 10.1.1.1:443"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("[2001:db8::5]:1, [2001:db8:ffff::1]:2"), "2001:db8::/64"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, ::ffff:10.1.1.1"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, 64:ff9b::10.1.1.1"), "203.0.113.1/32"},
		// All trusted: the left-most.
		{xff, "10.0.0.1:1", forwarded("10.3.3.3, 10.2.2.2", "10.1.1.1"), "10.3.3.3/32"},
		// What is no address ends the walk at the last trusted one.
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, junk, 10.1.1.1"), "10.1.1.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, , 10.1.1.1"), "10.1.1.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1", "", "10.1.1.1"), "10.1.1.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, junk"), "10.0.0.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1,"), "10.0.0.1/32"},
		{xff, "10.0.0.1:1", forwarded(","), "10.0.0.1/32"},
		{xff, "", forwarded("junk"), "unknown"},
		{xff, "", forwarded("203.0.113.1"), "203.0.113.1/32"},

		{xffFirst, "10.0.0.1:1", forwarded("198.51.100.1, 203.0.113.1"), "198.51.100.1/32"},
		{xffFirst, "10.0.0.1:1", forwarded("198.51.100.1", "203.0.113.1"), "198.51.100.1/32"},
		{xffFirst, "10.0.0.1:1", forwarded(" [2001:db8::1]:5 ,x"), "2001:db8::/64"},
		{xffFirst, "10.0.0.1:1", forwarded("junk, 203.0.113.1"), "10.0.0.1/32"},
		{xffFirst, "10.0.0.1:1", forwarded(""), "10.0.0.1/32"},
		{xffFirst, "10.0.0.1:1", forwarded(), "10.0.0.1/32"},
		{xffFirst, "", forwarded("junk"), "unknown"},

		{header, "10.0.0.1:1", hdr("x-real-ip", "203.0.113.1"), "203.0.113.1/32"},
		{header, "10.0.0.1:1", hdr("x-real-ip", "203.0.113.1:80"), "203.0.113.1/32"},
		{header, "10.0.0.1:1", hdr("x-real-ip", "junk"), "10.0.0.1/32"},
		{header, "10.0.0.1:1", hdr("x-real-ip", "203.0.113.1, 203.0.113.2"), "10.0.0.1/32"},
		{header, "10.0.0.1:1", hdr("x-real-ip", "203.0.113.1", "x-real-ip", "203.0.113.2"), "10.0.0.1/32"},
		{header, "10.0.0.1:1", hdr("x-real-ip", "", "x-real-ip", "203.0.113.2"), "10.0.0.1/32"},
		{header, "10.0.0.1:1", nil, "10.0.0.1/32"},
		{header, "192.0.2.1:1", hdr("x-real-ip", "203.0.113.1"), "192.0.2.1/32"},
		{header, "", hdr("x-real-ip", "203.0.113.1"), "unknown"},
	} {
		host := &fakeHost{properties: map[string]string{sourceAddress: row.peer}}
		got := clientOf(&parseConfig(t, row.json).Client, host, row.headers)
		name := "unknown"
		if got.prefix.IsValid() {
			name = got.prefix.String()
		}
		if name != row.want {
			t.Errorf("%d: %s from %q with %v is %s, want %s", i, row.json, row.peer, row.headers, name, row.want)
		}
		if unknown := got.key == [17]byte{}; unknown != (row.want == "unknown") {
			t.Errorf("%d: the key of %s is %x", i, row.want, got.key)
		}
	}
}

func TestLongForwardedFor(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	entries := strings.Repeat("10.1.1.1, ", 10_000)
	for value, want := range map[string]string{
		"203.0.113.1, " + entries + "10.2.2.2":               "203.0.113.1",
		entries + "203.0.113.1":                              "203.0.113.1",
		strings.Repeat("198.51.100.1,", 10_000) + "10.2.2.2": "198.51.100.1",
		strings.Repeat(",", 100_000) + "10.2.2.2":            "10.2.2.2",
	} {
		if got := walkForwarded(hdr(forwardedFor, value), trusted); got.String() != want {
			t.Errorf("%.40q... is %v, want %s", value, got, want)
		}
	}
	headers := hdr(forwardedFor, "203.0.113.1")
	for i := 0; i < 10_000; i++ {
		headers = append(headers, Header{forwardedFor, "10.1.1.1"})
	}
	if got := walkForwarded(headers, trusted); got.String() != "203.0.113.1" {
		t.Errorf("10,000 lines give %v", got)
	}
}

// keyOf is the key of an address under a configuration.
func keyOf(t testing.TB, json, address string) client {
	t.Helper()
	host := &fakeHost{properties: map[string]string{sourceAddress: address}}
	return clientOf(&parseConfig(t, json).Client, host, nil)
}

func TestClientPrefix(t *testing.T) {
	const wide = `{"client": {"ipv4_prefix": 24, "ipv6_prefix": 48}}`
	for _, row := range []struct {
		json, a, b string
		same       bool
	}{
		{"", "192.0.2.1:1", "192.0.2.1:2", true},
		{"", "192.0.2.1:1", "192.0.2.2:1", false},
		{"", "[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::9]:2", true},
		{"", "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false},
		{"", "192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{"", "192.0.2.1:1", "[64:ff9b::192.0.2.1]:1", true},
		{"", "192.0.2.1:1", "[::192.0.2.1]:1", false},
		{"", "192.0.2.1:1", "[c000:201::]:1", false},
		{"", "0.0.0.0:1", "[::]:1", false},
		{"", "", "[::]:1", false},
		{"", "", "0.0.0.0:1", false},
		{"", "", "junk", true},
		{wide, "192.0.2.1:1", "192.0.2.254:1", true},
		{wide, "192.0.2.1:1", "192.0.3.1:1", false},
		{wide, "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", true},
		{wide, "[2001:db8:0:1::1]:1", "[2001:db8:1:1::1]:1", false},
	} {
		a, b := keyOf(t, row.json, row.a), keyOf(t, row.json, row.b)
		if same := a.key == b.key; same != row.same {
			t.Errorf("%s: %s and %s have the same key: %v", row.json, row.a, row.b, same)
		}
	}
}

func TestClientKeyNamesFamily(t *testing.T) {
	for address, want := range map[string]byte{"": 0, "junk": 0, "0.0.0.0:1": 4, "[::ffff:192.0.2.1]:1": 4, "[::]:1": 6} {
		if got := keyOf(t, "", address).key[0]; got != want {
			t.Errorf("the key of %q begins with %d", address, got)
		}
	}
}

func TestClientAllowed(t *testing.T) {
	const json = `{"client": {"allow": ["192.0.2.0/24", "2001:db8::5", "::ffff:198.51.100.0/120"], "ipv6_prefix": 64}}`
	for address, want := range map[string]bool{
		"192.0.2.1:1":            true,
		"[::ffff:192.0.2.1]:1":   true,
		"[64:ff9b::192.0.2.1]:1": true,
		"192.0.3.1:1":            false,
		"[2001:db8::5]:1":        true,
		"[2001:db8::6]:1":        false, // its own address counts, not its prefix
		"198.51.100.77:1":        true,
		"":                       false,
		"junk":                   false,
	} {
		if got := keyOf(t, json, address).allowed; got != want {
			t.Errorf("%q is allowed: %v", address, got)
		}
	}
	// An unknown client is nobody's friend, even where everybody is.
	if keyOf(t, `{"client": {"allow": ["0.0.0.0/0", "::/0"]}}`, "").allowed {
		t.Error("an unknown client is allowed")
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80", "fe80::1%eth0",
		"::ffff:192.0.2.1", "64:ff9b::1.2.3.4", "", "[", "[]", ":", "%", " 1.1.1.1 ", "[::1]:", "1.1.1.1:99999"} {
		f.Add(seed)
	}
	c := config.Client{IPv4Prefix: 32, IPv6Prefix: 128}
	f.Fuzz(func(t *testing.T, in string) {
		got := parseAddress(in)
		if got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q is %v", in, got)
		}
		canonical := netip.Addr{}
		if a, err := netip.ParseAddr(in); err == nil {
			canonical = a
		} else if p, err := netip.ParseAddrPort(in); err == nil {
			canonical = p.Addr()
		}
		if canonical.IsValid() && got != unwrap(canonical.WithZone("")) {
			t.Fatalf("%q is %v, netip has %v", in, got, canonical)
		}
		if !got.IsValid() {
			return
		}
		// What it is read as reads the same, in every form.
		for _, form := range []string{got.String(), "[" + got.String() + "]:1", netip.AddrPortFrom(got, 9).String()} {
			if again := parseAddress(form); again != got {
				t.Fatalf("%q is %v, but %q is %v", in, got, form, again)
			}
		}
		host := &fakeHost{properties: map[string]string{sourceAddress: in}}
		if clientOf(&c, host, nil).prefix.Addr() != got {
			t.Fatalf("the client of %q is not %v", in, got)
		}
	})
}
