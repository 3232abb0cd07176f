package caller

import (
	"net/netip"
	"testing"
)

func TestUnwrap(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"2001:db8::1":          "2001:db8::1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"::ffff:c000:201":      "192.0.2.1",
		"64:ff9b::192.0.2.1":   "192.0.2.1",
		"64:ff9b::c000:201":    "192.0.2.1",
		"64:ff9b:1::c000:201":  "64:ff9b:1::c000:201", // RFC 8215, local use
		"64:ff9b::1:c000:201":  "64:ff9b::1:c000:201",
		"::192.0.2.1":          "::c000:201",
		"::ffff:0:192.0.2.1":   "::ffff:0:c000:201",
		"::":                   "::",
		"64:ff9b::":            "0.0.0.0",
		"64:ff9b::ffff:ffff":   "255.255.255.255",
		"2002:c000:201::1":     "2002:c000:201::1",
		"64:ff9b::192.0.2.1%x": "64:ff9b::c000:201%x", // callers cut the zone first
	} {
		if got := Unwrap(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s becomes %v, want %s", in, got, want)
		}
	}
	if got := Unwrap(netip.Addr{}); got.IsValid() {
		t.Errorf("no address becomes %v", got)
	}
}

func TestNetwork(t *testing.T) {
	for _, row := range []struct {
		address    string
		ipv4, ipv6 int
		want       string
	}{
		{"192.0.2.77", 32, 64, "192.0.2.77/32"},
		{"192.0.2.77", 24, 64, "192.0.2.0/24"},
		{"192.0.2.77", 8, 64, "192.0.0.0/8"},
		{"2001:db8:1:2:3::4", 32, 64, "2001:db8:1:2::/64"},
		{"2001:db8:1:2:3::4", 32, 48, "2001:db8:1::/48"},
		{"2001:db8:1:2:3::4", 32, 128, "2001:db8:1:2:3::4/128"},
	} {
		if got := Network(netip.MustParseAddr(row.address), row.ipv4, row.ipv6); got.String() != row.want {
			t.Errorf("%s is of %v, want %s", row.address, got, row.want)
		}
	}
	if got := Network(netip.Addr{}, 32, 64); got.IsValid() {
		t.Errorf("no address is of %v", got)
	}
}

// No two networks of the same length have the same key, and only an invalid one has the
// zero key.
func TestKey(t *testing.T) {
	seen := map[[KeySize]byte]string{{}: "no network"}
	for _, network := range []string{"0.0.0.0/32", "::/64", "192.0.2.1/32", "c000:201::/64", "::c000:201/128", "::ffff:c000:201/128"} {
		p := netip.MustParsePrefix(network)
		key := Key(p)
		family := byte(6)
		if p.Addr().Is4() {
			family = 4
		}
		if other, known := seen[key]; known || key[0] != family {
			t.Errorf("the key of %s is %x, %s", network, key, other)
		}
		seen[key] = network
	}
	if key := Key(netip.Prefix{}); key != [KeySize]byte{} {
		t.Errorf("the key of no network is %x", key)
	}
}
