// Package caller has the values that identify the sender of a request: the client's
// address, the credential that the request presents, and the verified identity. The
// rooms that determine them pass them on through the hall.
package caller

import "net/netip"

// Client identifies the sender of a request by its address. The zero Client has no
// usable address. All such requests are one client and share their counters: no limit
// at all would be a way around it.
type Client struct {
	// Prefix is the address cut to the configured length: what is counted.
	Prefix netip.Prefix
	// Address is the whole address.
	Address netip.Addr
	// Key is the [Key] of Prefix.
	Key [KeySize]byte
	// Allowed clients are never counted and never locked out.
	Allowed bool
}

// KeySize is the length of a network's key.
const KeySize = 17

// Network returns the network of the given length that an address belongs to. An
// invalid address belongs to none.
func Network(address netip.Addr, ipv4, ipv6 int) netip.Prefix {
	bits := ipv6
	if address.Is4() {
		bits = ipv4
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// Key returns the network as it goes into the names of counters: one byte for the
// address family, then the address. It is zero if the network is not valid.
func Key(network netip.Prefix) (key [KeySize]byte) {
	if !network.IsValid() {
		return key
	}
	key[0] = 6
	if network.Addr().Is4() {
		key[0] = 4
	}
	bytes := network.Addr().As16()
	copy(key[1:], bytes[:])
	return key
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Unwrap returns the IPv4 address that is wrapped in an IPv6 address, by mapping (RFC
// 4291 section 2.5.5.2) or by NAT64 (RFC 6052), and other addresses as they are.
// Otherwise one client would have several names.
func Unwrap(address netip.Addr) netip.Addr {
	address = address.Unmap()
	if nat64.Contains(address) {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return address
}
