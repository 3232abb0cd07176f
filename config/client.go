package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// Source says where the client's address comes from.
type Source uint8

// The sources of the client's address.
const (
	// SourceEnvoy is the address that Envoy trusts (source.address).
	SourceEnvoy Source = iota
	// SourceXFF walks X-Forwarded-For from the right past TrustedProxies.
	SourceXFF
	// SourceXFFFirst is the left-most entry of X-Forwarded-For.
	SourceXFFFirst
	// SourceHeader is a header that a trusted proxy sets.
	SourceHeader
)

// Client says who a request comes from.
type Client struct {
	Source Source
	// Header is the lower-case header name of SourceHeader.
	Header         string
	TrustedProxies []netip.Prefix
	// IPv4Prefix and IPv6Prefix are the lengths, in bits, to which addresses
	// are cut: all addresses of one prefix are one client.
	IPv4Prefix int
	IPv6Prefix int
	// Allow lists the clients that are never locked out and never counted.
	Allow []netip.Prefix
}

var clientFields = []field[Client]{
	{key: "source", read: readSource},
	{key: "trusted_proxies", read: func(v value, c *Client) { c.TrustedProxies = readPrefixes(v) }},
	{key: "ipv4_prefix", read: func(v value, c *Client) { readInteger(v, &c.IPv4Prefix, 8, 32) }},
	{key: "ipv6_prefix", read: func(v value, c *Client) { readInteger(v, &c.IPv6Prefix, 32, 128) }},
	{key: "allow", read: func(v value, c *Client) { c.Allow = readPrefixes(v) }},
}

func defaultClient() Client {
	return Client{Source: SourceEnvoy, IPv4Prefix: 32, IPv6Prefix: 64}
}

const sources = `"envoy", "xff", "xff-first" or "header:<name>"`

func readSource(v value, c *Client) {
	text, ok := v.text(sources)
	if !ok {
		return
	}
	if name, found := strings.CutPrefix(text, "header:"); found {
		if name = headerName(v, name, "x-real-ip"); name != "" && addressHeader(v, name) {
			c.Source, c.Header = SourceHeader, name
		}
		return
	}
	switch text {
	case "envoy":
		c.Source = SourceEnvoy
	case "xff":
		c.Source = SourceXFF
	case "xff-first":
		c.Source = SourceXFFFirst
	default:
		v.unknown(text, sources)
	}
}

// addressHeader refuses the headers that hold a list: read as one address they
// would be none, and all clients would share one key.
func addressHeader(v value, name string) bool {
	switch name {
	case "x-forwarded-for":
		v.bad(`x-forwarded-for holds a list of addresses; write "xff"`)
		return false
	case "forwarded":
		v.bad("forwarded does not hold a plain address; name a header that does, for example x-real-ip")
		return false
	}
	return true
}

func (v variable) trustForwardedFor(c *Client) {
	switch v.text {
	case "true":
		c.Source, c.Header = SourceXFFFirst, ""
	case "false", "":
	default:
		v.bad(quote(v.text) + ` is not known here; write "true" or "false"`)
	}
}

// readPrefixes leaves an invalid prefix for one that could not be read.
func readPrefixes(v value) []netip.Prefix {
	if !v.json.IsArray() {
		v.wrongType("a list in square brackets")
		return make([]netip.Prefix, 1)
	}
	var list []netip.Prefix
	v.items(maxItems, func(item value) {
		p := readPrefix(item)
		for _, other := range list {
			if p.IsValid() && other == p {
				item.repeated(p.String())
				break
			}
		}
		list = append(list, p)
	})
	return list
}

// readPrefix reads an address or a range in CIDR notation.
func readPrefix(v value) netip.Prefix {
	const right = `write for example "192.0.2.1" or "10.0.0.0/8"`
	text, ok := v.text("an address or a range in CIDR notation as a string")
	if !ok {
		return netip.Prefix{}
	}
	first, length, isRange := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(first)
	if err != nil || addr.Zone() != "" {
		v.bad(quote(text) + " is not an address or a range; " + right)
		return netip.Prefix{}
	}
	bits := addr.BitLen()
	if isRange {
		bits, err = strconv.Atoi(length)
		if err != nil || bits < 0 || bits > addr.BitLen() || strconv.Itoa(bits) != length {
			v.bad(quote(text) + " has a prefix length that is not 0 to " + strconv.Itoa(addr.BitLen()) + "; " + right)
			return netip.Prefix{}
		}
	}
	p, _ := addr.Prefix(bits)
	if p.Addr() != addr {
		v.bad(quote(text) + " has bits set after its prefix length; write " + strconv.Quote(p.String()))
		return netip.Prefix{}
	}
	return unify(p)
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// unify writes IPv4 inside IPv6 (RFC 4291 section 2.5.5.2, RFC 6052 section
// 2.1) as IPv4: a client is the same however its address is spelled.
func unify(p netip.Prefix) netip.Prefix {
	bits := p.Bits() - 96
	if bits < 0 || p.Addr().Is4() || !p.Addr().Is4In6() && !nat64.Contains(p.Addr()) {
		return p
	}
	b := p.Addr().As16()
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[12:])), bits)
}

func checkClient(c *Client, out *violations) {
	if c.Source == SourceHeader && len(c.TrustedProxies) == 0 {
		out.add("client.trusted_proxies", "is empty, so that anyone could send "+c.Header+
			"; list the proxies that set it")
	}
}

func (c *Client) warn(warn func(path, message string)) {
	if c.Source == SourceXFFFirst {
		warn("client.source", "xff-first lets clients choose their address unless a proxy in front overwrites "+
			`X-Forwarded-For; use "xff" with trusted_proxies`)
	}
	if (c.Source == SourceXFF || c.Source == SourceHeader) && hasEverything(c.TrustedProxies) {
		warn("client.trusted_proxies", "trusts every address, so that clients choose their own; list your proxies only")
	}
	if c.IPv6Prefix > 64 {
		warn("client.ipv6_prefix", "is above 64, so that one network of a single customer is a supply of fresh "+
			"clients; use 64")
	}
	if hasEverything(c.Allow) {
		warn("client.allow", "holds every address, and nobody on it is ever locked out; list single networks only")
	}
}

func hasEverything(list []netip.Prefix) bool {
	for _, p := range list {
		if p.Bits() == 0 {
			return true
		}
	}
	return false
}
