package lockout

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// An operator means the client, or the network, that the room counts.
func TestTargets(t *testing.T) {
	w := newWorker(t, strings.Replace(oneSurface(`"failures": 2, "wide": {"failures": 9}`), "{", `{"client": {"ipv4_prefix": 30}, `, 1))
	surface := register.Surfaces(w.host, w.host.Time)[0]
	s := w.begin("192.0.2.7", "x")
	client := Target{s.counter, register.Client, s.client.Prefix}
	network := Target{s.wide, register.Network, s.network()}
	for text, want := range map[string][]Target{
		"192.0.2.7":              {client, network},
		"192.0.2.5":              {client, network},
		"::ffff:192.0.2.7":       {client, network},
		"192.0.2.4/30":           {client},
		"192.0.2.0/24":           {network},
		"64:ff9b::192.0.2.0/120": {network},
		"192.0.2.0/25":           nil,
		"64:ff9b::192.0.2.7/64":  nil, // wider than all of IPv4
		"::ffff:192.0.2.7/0":     nil,
		"192.0.2.7/+30":          nil,
		"192.0.2.7/33":           nil,
		"192.0.2.7:80":           nil,
		"fe80::1%eth0":           nil,
		"example.com":            nil,
		"":                       nil,
	} {
		if got := Targets(w.room.table.Table, &surface, text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	surface.WideIPv4, surface.WideIPv6 = 0, 0
	if got := Targets(w.room.table.Table, &surface, "192.0.2.7"); !slices.Equal(got, []Target{client}) {
		t.Errorf("without a limit for networks: %v", got)
	}
}

// FuzzTargets: whatever an operator writes, each target is a counter of the surface: of
// the client or the network of one address, and of the length that was written.
func FuzzTargets(f *testing.F) {
	for _, text := range []string{
		"192.0.2.7", "192.0.2.4/30", "192.0.2.0/24", "::ffff:192.0.2.7", "::ffff:192.0.2.0/120", "64:ff9b::192.0.2.0/120",
		"2001:db8::1", "2001:db8::/64", "2001:db8::/48", "192.0.2.7/+30", "192.0.2.7/033", "fe80::1%eth0", "/", "x/1", "",
	} {
		f.Add(text, uint8(32), uint8(64), uint8(24), uint8(48))
	}
	t := table.New(fakehost.New(), fakehost.Seed, 100)
	f.Fuzz(func(test *testing.T, text string, ipv4, ipv6, wideIPv4, wideIPv6 uint8) {
		s := &register.Surface{Name: "a", IPv4: ipv4 % 33, IPv6: ipv6 % 129, WideIPv4: wideIPv4 % 33, WideIPv6: wideIPv6 % 129}
		targets := Targets(t, s, text)
		if len(targets) > 2 {
			test.Fatalf("%q: %v", text, targets)
		}
		for _, target := range targets {
			checkTarget(test, t, s, text, target)
		}
	})
}

func checkTarget(test *testing.T, t *table.Table, s *register.Surface, text string, target Target) {
	test.Helper()
	rule, ipv4, ipv6 := "lockout", s.IPv4, s.IPv6
	if target.What == register.Network {
		rule, ipv4, ipv6 = "lockout-wide", s.WideIPv4, s.WideIPv6
	}
	bits := int(ipv6)
	if target.Network.Addr().Is4() {
		bits = int(ipv4)
	}
	key := caller.Key(target.Network)
	if target.Key != t.Key([]byte(rule), []byte(s.Name), key[:]) || target.Network.Bits() != bits || target.Network != target.Network.Masked() {
		test.Errorf("%q: %+v", text, target)
	}
	if address, err := netip.ParseAddr(text); err == nil && !target.Network.Contains(caller.Unwrap(address)) {
		test.Errorf("%q: %v does not contain it", text, target.Network)
	}
	if network, err := netip.ParsePrefix(text); err == nil {
		wrapped := network.Addr().BitLen() - target.Network.Addr().BitLen()
		if network.Bits() != target.Network.Bits()+wrapped || !target.Network.Contains(caller.Unwrap(network.Addr())) {
			test.Errorf("%q: %v is another network", text, target.Network)
		}
	}
}
