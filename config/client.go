package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// Source says where the filter takes the client's address from. Default:
// SourceEnvoy.
//
// If the chosen source holds no address, the filter uses the address that Envoy
// trusts. Requests without any usable address share one counter.
type Source uint8

// The sources of the client's address.
const (
	// SourceEnvoy takes the address that Envoy trusts (source.address).
	SourceEnvoy Source = iota
	// SourceXFF takes the right-most entry of X-Forwarded-For that is not in
	// TrustedProxies. Danger: it needs a proxy in front that no client can bypass
	// and that appends to the header.
	SourceXFF
	// SourceXFFFirst takes the left-most entry of X-Forwarded-For. Danger: clients
	// choose it, unless a proxy in front overwrites the header.
	SourceXFFFirst
	// SourceHeader takes the address in Header if the connection comes from
	// TrustedProxies, and otherwise the address of the peer.
	SourceHeader
)

// Client identifies the sender of a request by its address.
type Client struct {
	// Source says where the address comes from. Danger: from a source that clients
	// can write, they get a fresh allowance for every guess.
	Source Source
	// Header is the name, in lower case, of the header that SourceHeader reads.
	Header string
	// TrustedProxies are the networks whose headers SourceXFF and SourceHeader
	// trust; SourceHeader needs at least one. Default: none. Danger: a client in
	// one of these networks chooses its address.
	TrustedProxies []netip.Prefix
	// IPv4Prefix is the number of leading bits that identify a client, 8 to 32: all
	// addresses that share them are one client. Default: 32. Danger: a small number
	// locks out whole networks because of one member.
	IPv4Prefix int
	// IPv6Prefix is the same for IPv6, 32 to 128. Default: 64. Danger: above 64,
	// one customer's network is an endless supply of clients.
	IPv6Prefix int
	// Allow lists the clients whose failures are never counted, and which are never
	// locked out. Quotas apply to them. Default: none. Danger: from there,
	// credential guessing is not limited.
	Allow []netip.Prefix
}

var oneClient Client

var clientFields = table[Client]{&oneClient, []field[Client]{
	{key: "source", read: readSource},
	{key: "trusted_proxies", read: func(v *value, c *Client) { c.TrustedProxies = readPrefixes(v) }},
	{key: "ipv4_prefix", as: &integer{&oneClient.IPv4Prefix, 8, 32}},
	{key: "ipv6_prefix", as: &integer{&oneClient.IPv6Prefix, 32, 128}},
	{key: "allow", read: func(v *value, c *Client) { c.Allow = readPrefixes(v) }},
}}

func defaultClient() Client {
	return Client{Source: SourceEnvoy, IPv4Prefix: 32, IPv6Prefix: 64}
}

const sources = `"envoy", "xff", "xff-first" or "header:<name>"`

func readSource(v *value, c *Client) {
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

// addressHeader refuses headers that hold a list. The filter would find no single
// address in them, and all clients would share one counter.
func addressHeader(v *value, name string) bool {
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

// trustForwardedFor applies the variable TRUST_FORWARDED_FOR. If it is true, it
// replaces the source.
func (v variable) trustForwardedFor(c *Client) {
	switch v.text {
	case "true":
		c.Source, c.Header = SourceXFFFirst, ""
	case "false", "":
	default:
		v.bad(`%q is not known here; write "true" or "false"`, v.text)
	}
}

// readPrefixes puts an invalid prefix into the list in place of one that it could
// not read.
func readPrefixes(v *value) []netip.Prefix {
	if !v.json.IsArray() {
		v.wrongType("a list in square brackets")
		return make([]netip.Prefix, 1)
	}
	var list []netip.Prefix
	for _, item := range v.items(maxItems) {
		p := readPrefix(item)
		for _, other := range list {
			if p.IsValid() && other == p {
				item.repeated(p.String())
				break
			}
		}
		list = append(list, p)
	}
	return list
}

// readPrefix reads an address, or a network in CIDR notation.
func readPrefix(v *value) netip.Prefix {
	const right = `write for example "192.0.2.1" or "10.0.0.0/8"`
	text, ok := v.text("an address or a range in CIDR notation as a string")
	if !ok {
		return netip.Prefix{}
	}
	first, length, isRange := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(first)
	if err != nil || addr.Zone() != "" {
		v.bad("%q is not an address or a range; "+right, text)
		return netip.Prefix{}
	}
	bits := addr.BitLen()
	if isRange {
		bits, err = strconv.Atoi(length)
		if err != nil || bits < 0 || bits > addr.BitLen() || strconv.Itoa(bits) != length {
			v.bad("%q has a prefix length that is not 0 to %s; "+right, text, strconv.Itoa(addr.BitLen()))
			return netip.Prefix{}
		}
	}
	p, _ := addr.Prefix(bits)
	if p.Addr() != addr {
		v.bad("%q has bits set after its prefix length; write %q", text, p.String())
		return netip.Prefix{}
	}
	return unify(p)
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// unify turns an IPv4 network inside IPv6 (RFC 4291 section 2.5.5.2, RFC 6052
// section 2.1) into the IPv4 network, so that a client is the same in either form.
func unify(p netip.Prefix) netip.Prefix {
	bits := p.Bits() - 96
	if bits < 0 || p.Addr().Is4() || !p.Addr().Is4In6() && !nat64.Contains(p.Addr()) {
		return p
	}
	b := p.Addr().As16()
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[12:])), bits)
}

// checkClient refuses to read a header that nobody is trusted to set.
func checkClient(c *Client, out *violations) {
	if c.Source == SourceHeader && len(c.TrustedProxies) == 0 {
		out.add(at("client.trusted_proxies"), "is empty, so that anyone could send %s; list the proxies that set it", c.Header)
	}
}

func (c *Client) warn(warn *warnings) {
	if c.Source == SourceXFFFirst {
		warn.add(at("client.source"), "xff-first lets clients choose their address unless a proxy in front overwrites "+
			`X-Forwarded-For; use "xff" with trusted_proxies`)
	}
	if (c.Source == SourceXFF || c.Source == SourceHeader) && hasEverything(c.TrustedProxies) {
		warn.add(at("client.trusted_proxies"), "trusts every address, so that clients choose their own; list your proxies only")
	}
	if c.IPv6Prefix > 64 {
		warn.add(at("client.ipv6_prefix"), "is above 64, so that one network of a single customer is a supply of fresh "+
			"clients; use 64")
	}
	if hasEverything(c.Allow) {
		warn.add(at("client.allow"), "contains every address, so that no client is ever locked out; list single networks only")
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
