package client

import (
	"net/netip"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
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
		if canonical.IsValid() && got != caller.Unwrap(canonical.WithZone("")) {
			t.Fatalf("%q is %v, netip has %v", in, got, canonical)
		}
		if !got.IsValid() {
			return
		}
		// Every form of an address is the same address.
		for _, form := range []string{got.String(), "[" + got.String() + "]:1", netip.AddrPortFrom(got, 9).String()} {
			if again := parseAddress(form); again != got {
				t.Fatalf("%q is %v, but %q is %v", in, got, form, again)
			}
		}
		if c := New(&c, property(in)).Find(nil); c.Prefix.Addr() != got || c.Address != got {
			t.Fatalf("the client of %q is %+v, not %v", in, c, got)
		}
	})
}
