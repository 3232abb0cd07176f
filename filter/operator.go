package filter

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// What an operator names is the same client here as one that sends requests: these
// are the filter's own ways to read addresses, to name counters, and to name clients.

// Target is whom an operator means on a surface.
type Target struct {
	Key     table.Key
	What    register.What
	Network netip.Prefix
}

// Targets returns whom a text means on a surface, the client first: an address is its
// client and, where the surface locks those out, the network that it belongs to. A
// network is one of the two, by its length. There are none if the text is neither.
func Targets(t *table.Table, s *register.Surface, text string) []Target {
	address, bits := readTarget(text)
	if !address.IsValid() {
		return nil
	}
	client := Target{What: register.Client, Network: cut(address, int(s.IPv4), int(s.IPv6))}
	key := networkKey(client.Network)
	client.Key = clientCounter(t, []byte(s.Name), &key)
	var targets []Target
	if bits < 0 || bits == client.Network.Bits() {
		targets = append(targets, client)
	}
	if s.WideIPv4 == 0 {
		return targets
	}
	wide := Target{What: register.Network, Network: cut(address, int(s.WideIPv4), int(s.WideIPv6))}
	key = networkKey(wide.Network)
	wide.Key = networkCounter(t, []byte(s.Name), &key)
	if bits < 0 || bits == wide.Network.Bits() {
		targets = append(targets, wide)
	}
	return targets
}

// readTarget reads an address, or a network in CIDR notation; bits is -1 without one.
func readTarget(text string) (address netip.Addr, bits int) {
	first, length, isNetwork := strings.Cut(text, "/")
	read, err := netip.ParseAddr(first)
	if err != nil || read.Zone() != "" {
		return netip.Addr{}, 0
	}
	address = unwrap(read)
	if !isNetwork {
		return address, -1
	}
	bits, err = strconv.Atoi(length)
	if err != nil || bits < 0 || bits > read.BitLen() || strconv.Itoa(bits) != length {
		return netip.Addr{}, 0
	}
	return address, bits - (read.BitLen() - address.BitLen())
}

// ClientName is a client, or a network, as the configuration wants it in the log.
func ClientName(form config.ClientForm, t *table.Table, network netip.Prefix) string {
	if !network.IsValid() {
		return "unknown"
	}
	switch form {
	case config.ClientHash:
		key := networkKey(network)
		return strconv.FormatUint(t.Hash(key[:]), 16)
	case config.ClientTruncated:
		bits := 24
		if network.Addr().Is6() {
			bits = 48
		}
		return prefixName(netip.PrefixFrom(network.Addr(), min(bits, network.Bits())).Masked())
	}
	return prefixName(network)
}

// clientCounter is the counter of a client's failures on a surface, networkCounter that
// of a network.
func clientCounter(t *table.Table, surface []byte, client *[17]byte) table.Key {
	return t.Key(lockoutRule, surface, client[:])
}

func networkCounter(t *table.Table, surface []byte, network *[17]byte) table.Key {
	return t.Key(wideRule, surface, network[:])
}
