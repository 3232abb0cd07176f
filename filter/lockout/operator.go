package lockout

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// An address that an operator names is read, cut and hashed as that of a request: both
// lead to the same counter.

// Target is a client or a network that an operator means on a surface.
type Target struct {
	// Key is its counter.
	Key     table.Key
	What    register.What
	Network netip.Prefix
}

// Targets returns what a text means on a surface. An address is its client and, where
// the surface locks out whole networks, its network, in this order. A network in CIDR
// notation is one of the two, by its length. Targets returns none if the text is
// neither, or a network of another length.
func Targets(t *table.Table, s *register.Surface, text string) []Target {
	address, bits := readTarget(text)
	if !address.IsValid() {
		return nil
	}
	client := Target{What: register.Client, Network: caller.Network(address, int(s.IPv4), int(s.IPv6))}
	key := caller.Key(client.Network)
	client.Key = clientKey(t, []byte(s.Name), &key)
	var targets []Target
	if bits < 0 || bits == client.Network.Bits() {
		targets = append(targets, client)
	}
	if s.WideIPv4 == 0 {
		return targets
	}
	wide := Target{What: register.Network, Network: caller.Network(address, int(s.WideIPv4), int(s.WideIPv6))}
	key = caller.Key(wide.Network)
	wide.Key = networkKey(t, []byte(s.Name), &key)
	if bits < 0 || bits == wide.Network.Bits() {
		targets = append(targets, wide)
	}
	return targets
}

// readTarget reads an address, or a network in CIDR notation. It returns the zero Addr if
// the text is neither, and -1 for bits if it is an address.
func readTarget(text string) (address netip.Addr, bits int) {
	first, length, isNetwork := strings.Cut(text, "/")
	read, err := netip.ParseAddr(first)
	if err != nil || read.Zone() != "" {
		return netip.Addr{}, 0
	}
	address = caller.Unwrap(read)
	if !isNetwork {
		return address, -1
	}
	wrapper := read.BitLen() - address.BitLen() // the bits around a wrapped IPv4 address
	bits, err = strconv.Atoi(length)
	if err != nil || bits < wrapper || bits > read.BitLen() || strconv.Itoa(bits) != length {
		return netip.Addr{}, 0
	}
	return address, bits - wrapper
}
