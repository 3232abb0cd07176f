package client

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

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
		headers = append(headers, proxy.Header{Name: forwardedFor, Value: "10.1.1.1"})
	}
	if got := walkForwarded(headers, trusted); got.String() != "203.0.113.1" {
		t.Errorf("10,000 lines give %v", got)
	}
}

// The walk through X-Forwarded-For is on the request path.
func TestWalkAllocatesNothing(t *testing.T) {
	headers := hdr(":path", "/", forwardedFor, "9.9.9.9, 10.2.2.2", "x", "y", forwardedFor, "10.1.1.1, 10.1.1.2")
	if n := testing.AllocsPerRun(100, func() { walkForwarded(headers, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzForwarded: the walk through X-Forwarded-For ends where a naive walk through the
// whole list ends, however the list is spread over lines, and never at an address to the
// left of one that is not trusted.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "1.1.1.1, 192.0.2.1, 10.0.0.1", "10.0.0.1,10.0.0.2", "junk, 10.0.0.1", "192.0.2.1:80", "[2001:db8::1]:80, 10.0.0.1",
		"", ",", ",,10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1, fd00::1", " 192.0.2.1 ,\t10.0.0.1 ", "unknown", "_hidden, 10.0.0.1"} {
		f.Add(seed, "10.0.0.9")
		f.Add("10.0.0.9", seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	f.Fuzz(func(t *testing.T, first, second string) {
		headers := hdr(forwardedFor, first, "x-other", "192.0.2.9", forwardedFor, second)
		got := walkForwarded(headers, trusted)
		if want := plainWalk(first+","+second, trusted); got != want {
			t.Fatalf("%q and %q end at %v, want %v", first, second, got, want)
		}
		if one := walkForwarded(hdr(forwardedFor, first+","+second), trusted); one != got {
			t.Fatalf("%q and %q end at %v, on one line at %v", first, second, got, one)
		}
		if left := firstForwarded(headers); left != parseAddress(strings.Split(first, ",")[0]) {
			t.Fatalf("the left-most of %q is %v", first, left)
		}
	})
}

func plainWalk(list string, trusted []netip.Prefix) netip.Addr {
	entries := strings.Split(list, ",")
	var last netip.Addr
	for i := len(entries) - 1; i >= 0; i-- {
		address := parseAddress(entries[i])
		if !address.IsValid() {
			break
		}
		last = address
		if !contains(trusted, address) {
			break
		}
	}
	return last
}
