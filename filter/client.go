package filter

import (
	"net/netip"
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// client is who a request comes from: an address, cut to the configured prefix.
type client struct {
	prefix netip.Prefix
	// address is not cut yet.
	address netip.Addr
	// key is the prefix in a form of its own: one byte for the family, then
	// the address. It is all zero when there is no usable address: those
	// requests share one counter, because no limit would be a way around it.
	key [17]byte
	// allowed clients are never counted and never locked out.
	allowed bool
}

const sourceAddress = "source\x00address"

// clientOf finds the client of a request by the configured source.
func clientOf(c *config.Client, host Host, headers []Header) client {
	address := sourceOf(c, host, headers)
	if !address.IsValid() {
		return client{}
	}
	out := client{prefix: cut(address, c.IPv4Prefix, c.IPv6Prefix), address: address}
	out.key = networkKey(out.prefix)
	out.allowed = contains(c.Allow, address)
	return out
}

// cut is the network of the given length that an address belongs to.
func cut(address netip.Addr, ipv4, ipv6 int) netip.Prefix {
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

func networkKey(p netip.Prefix) (key [17]byte) {
	if !p.IsValid() {
		return key
	}
	key[0] = 6
	if p.Addr().Is4() {
		key[0] = 4
	}
	bytes := p.Addr().As16()
	copy(key[1:], bytes[:])
	return key
}

func sourceOf(c *config.Client, host Host, headers []Header) netip.Addr {
	peer := parseAddress(host.Property(sourceAddress))
	if named := namedAddress(c, headers, peer); named.IsValid() {
		return named
	}
	return peer
}

// namedAddress is the address that the headers name, if the configuration has their
// word taken.
func namedAddress(c *config.Client, headers []Header, peer netip.Addr) netip.Addr {
	switch c.Source {
	case config.SourceXFF:
		return walkForwarded(headers, c.TrustedProxies)
	case config.SourceXFFFirst:
		return firstForwarded(headers)
	case config.SourceHeader:
		if contains(c.TrustedProxies, peer) {
			return parseAddress(only(headers, c.Header))
		}
	}
	return netip.Addr{}
}

const forwardedFor = "x-forwarded-for"

// walkForwarded goes through X-Forwarded-For to the client.
func walkForwarded(headers []Header, trusted []netip.Prefix) netip.Addr {
	w := forwardedWalk{headers: headers, trusted: trusted}
	for w.step() {
	}
	return w.client
}

// forwardedWalk is a walk through X-Forwarded-For from the right, which is where
// proxies append, to the first address that is no trusted proxy. An entry that
// is no address ends the walk at the last trusted one: what stands further left
// may be the client's own invention.
type forwardedWalk struct {
	headers []Header // that were not walked yet
	trusted []netip.Prefix
	// rest of the line that is being walked, if there is more of it.
	rest string
	more bool
	over bool

	// entry is where the walk has come to, client the address that it ends at
	// unless it goes on.
	entry  string
	client netip.Addr
}

// step goes to the next entry, and tells whether there was one.
func (w *forwardedWalk) step() bool {
	for !w.over && !w.more && len(w.headers) > 0 {
		last := len(w.headers) - 1
		if w.headers[last].Name == forwardedFor {
			w.rest, w.more = w.headers[last].Value, true
		}
		w.headers = w.headers[:last]
	}
	if w.over || !w.more {
		return false
	}
	w.rest, w.entry, w.more = cutLast(w.rest)
	address := parseAddress(w.entry)
	if w.over = !address.IsValid(); w.over {
		return true
	}
	w.client, w.over = address, !contains(w.trusted, address)
	return true
}

// cutLast cuts the last entry from a comma-separated list.
func cutLast(list string) (before, entry string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", list, false
	}
	return list[:i], list[i+1:], true
}

func firstForwarded(headers []Header) netip.Addr {
	for _, h := range headers {
		if h.Name == forwardedFor {
			entry, _, _ := strings.Cut(h.Value, ",")
			return parseAddress(entry)
		}
	}
	return netip.Addr{}
}

// only returns the value of a header that occurs exactly once: of two values
// one may be the client's.
func only(headers []Header, name string) string {
	value, seen := "", false
	for _, h := range headers {
		if h.Name != name {
			continue
		}
		if seen {
			return ""
		}
		value, seen = h.Value, true
	}
	return value
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// parseAddress reads an address as proxies write it: with or without port,
// brackets and zone. IPv4 addresses that are wrapped in IPv6, by mapping (RFC
// 4291 section 2.5.5.2) or by NAT64 (RFC 6052), are unwrapped, or one client
// would have several names. What is no address gives the zero Addr.
func parseAddress(s string) netip.Addr {
	s = strings.Trim(s, " \t")
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 || !isPort(s[end+1:]) {
			return netip.Addr{}
		}
		s = s[1:end]
	case strings.Count(s, ":") == 1:
		colon := strings.IndexByte(s, ':')
		if !isPort(s[colon:]) {
			return netip.Addr{}
		}
		s = s[:colon]
	}
	if i := strings.IndexByte(s, '%'); i >= 0 {
		s = s[:i]
	}
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return unwrap(address)
}

// isPort tells whether s is nothing or a port behind a colon.
func isPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) > len(":65535") {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func unwrap(address netip.Addr) netip.Addr {
	address = address.Unmap()
	if nat64.Contains(address) {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return address
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
