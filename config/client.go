package config

import (
	"net/netip"
	"strconv"
	"strings"
)

var clientFields = []field[Client]{
	{key: "source", read: readSource},
	{key: "trusted_proxies", read: func(v value, c *Client) { c.TrustedProxies = readPrefixes(v) }},
	{key: "ipv4_prefix", read: func(v value, c *Client) { v.integerInto(&c.IPv4Prefix, 8, 32) }},
	{key: "ipv6_prefix", read: func(v value, c *Client) { v.integerInto(&c.IPv6Prefix, 32, 128) }},
	{key: "allow", read: func(v value, c *Client) { c.Allow = readPrefixes(v) }},
}

var credentialsFields = []field[Credentials]{
	{key: "headers", read: func(v value, c *Credentials) { c.Headers = readHeaderNames(v, "x-api-key") }},
	{key: "cookies", read: func(v value, c *Credentials) {
		c.Cookies = v.texts(func(item value, text string) string {
			if !isToken(text) {
				item.bad(quote(text) + ` is not a cookie name; write for example "session"`)
				return ""
			}
			return text
		})
	}},
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
		v.bad(quote(text) + " is not known here; write " + sources)
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

func readHeaderNames(v value, example string) []string {
	return v.texts(func(item value, text string) string { return headerName(item, text, example) })
}

// headerName is the name in lower case, as Envoy knows it; "" if it is none.
func headerName(v value, name, example string) string {
	if !isToken(name) {
		v.bad(quote(name) + " is not a header name; write for example " + strconv.Quote(example))
		return ""
	}
	return strings.ToLower(name)
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
				item.bad(p.String() + " is in the list already; remove one of them")
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
