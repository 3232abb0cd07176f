package client

import (
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// property is a proxy whose peer has this address.
type property string

func (p property) Property(path string) string {
	if path != sourceAddress {
		return ""
	}
	return string(p)
}

func newFinder(t testing.TB, json, peer string) *Finder {
	t.Helper()
	c := fakehost.ParseConfig(t, json)
	return New(&c.Client, property(peer))
}

// hdr is short for the many rows that need it.
var hdr = fakehost.Headers

func TestSource(t *testing.T) {
	const xff = `{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48"]}}`
	const xffFirst = `{"client": {"source": "xff-first"}}`
	const header = `{"client": {"source": "header:X-Real-IP", "trusted_proxies": ["10.0.0.0/8"]}}`
	forwarded := func(lines ...string) []proxy.Header {
		headers := hdr(":path", "/", "x-real-ip", "203.0.113.99")
		for _, line := range lines {
			headers = append(headers, proxy.Header{Name: forwardedFor, Value: line})
		}
		return headers
	}
	for i, row := range []struct {
		json, peer string
		headers    []proxy.Header
		want       string
	}{
		// The address that Envoy trusts, whatever the headers say.
		{"", "192.0.2.1:5", forwarded("203.0.113.1"), "192.0.2.1/32"},
		{"", "[2001:db8::1]:0", nil, "2001:db8::/64"},
		{"", "[::ffff:192.0.2.1]:0", nil, "192.0.2.1/32"},
		{"", "", forwarded("203.0.113.1"), "unknown"},
		{"", "/run/envoy.sock", nil, "unknown"},

		// The walk begins at the right and passes trusted proxies.
		{xff, "10.0.0.1:1", forwarded(), "10.0.0.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("198.51.100.1, 203.0.113.1"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("198.51.100.1,203.0.113.1 ,10.1.1.1,\t10.2.2.2"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("198.51.100.1", "203.0.113.1, 10.1.1.1", "10.2.2.2"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1:8080, 10.1.1.1:443"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("[2001:db8::5]:1, [2001:db8:ffff::1]:2"), "2001:db8::/64"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, ::ffff:10.1.1.1"), "203.0.113.1/32"},
		{xff, "10.0.0.1:1", forwarded("203.0.113.1, 64:ff9b::10.1.1.1"), "203.0.113.1/32"},
		// If all are trusted, it ends at the left-most.
		{xff, "10.0.0.1:1", forwarded("10.3.3.3, 10.2.2.2", "10.1.1.1"), "10.3.3.3/32"},
		// An entry that is not an address ends the walk at the last trusted proxy.
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
		got := newFinder(t, row.json, row.peer).Find(row.headers)
		name := "unknown"
		if got.Prefix.IsValid() {
			name = got.Prefix.String()
		}
		if name != row.want {
			t.Errorf("%d: %s from %q with %v is %s, want %s", i, row.json, row.peer, row.headers, name, row.want)
		}
		if unknown := got == (caller.Client{}); unknown != (row.want == "unknown") || got.Key != caller.Key(got.Prefix) {
			t.Errorf("%d: the client %s is %+v", i, row.want, got)
		}
	}
}

// clientAt returns the client of an address.
func clientAt(t testing.TB, json, address string) caller.Client {
	t.Helper()
	return newFinder(t, json, address).Find(nil)
}

func TestPrefix(t *testing.T) {
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
		a, b := clientAt(t, row.json, row.a), clientAt(t, row.json, row.b)
		if same := a.Key == b.Key; same != row.same {
			t.Errorf("%s: %s and %s have the same key: %v", row.json, row.a, row.b, same)
		}
	}
}

func TestKeyNamesFamily(t *testing.T) {
	for address, want := range map[string]byte{"": 0, "junk": 0, "0.0.0.0:1": 4, "[::ffff:192.0.2.1]:1": 4, "[::]:1": 6} {
		if got := clientAt(t, "", address).Key[0]; got != want {
			t.Errorf("the key of %q begins with %d", address, got)
		}
	}
}

func TestAllowed(t *testing.T) {
	const json = `{"client": {"allow": ["192.0.2.0/24", "2001:db8::5", "::ffff:198.51.100.0/120"], "ipv6_prefix": 64}}`
	for address, want := range map[string]bool{
		"192.0.2.1:1":            true,
		"[::ffff:192.0.2.1]:1":   true,
		"[64:ff9b::192.0.2.1]:1": true,
		"192.0.3.1:1":            false,
		"[2001:db8::5]:1":        true,
		"[2001:db8::6]:1":        false, // the whole address counts, not its prefix
		"198.51.100.77:1":        true,
		"":                       false,
		"junk":                   false,
	} {
		if got := clientAt(t, json, address).Allowed; got != want {
			t.Errorf("%q is allowed: %v", address, got)
		}
	}
	// A client without an address is never allowed, even if all addresses are.
	if clientAt(t, `{"client": {"allow": ["0.0.0.0/0", "::/0"]}}`, "").Allowed {
		t.Error("an unknown client is allowed")
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	headers := hdr(":path", "/", forwardedFor, "203.0.113.1, 10.2.2.2", "x-real-ip", "203.0.113.1")
	for _, source := range []string{"envoy", "xff", "xff-first", "header:x-real-ip"} {
		f := newFinder(t, `{"client": {"source": "`+source+`", "trusted_proxies": ["10.0.0.0/8"]}}`, "10.0.0.1:4711")
		if n := testing.AllocsPerRun(100, func() { f.Find(headers) }); n != 0 {
			t.Errorf("%s: %.0f allocations", source, n)
		}
	}
}
