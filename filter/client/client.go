// Package client finds the address that a request comes from, which is what failures
// and quotas are counted by.
//
//	client.go     Finder.Find: the configured source of the address; called once for
//	              each request that is limited
//	forwarded.go  the walk through X-Forwarded-For
//	address.go    addresses as proxies write them
//	explain.go    Finder.Explain: how the address was found, for tools
package client

import (
	"net/netip"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// sourceAddress is the property with the address that Envoy trusts.
const sourceAddress = "source\x00address"

// Finder finds the clients of requests.
type Finder struct {
	config     *config.Client
	properties proxy.Properties
}

// New returns a finder that uses the configured source.
func New(c *config.Client, p proxy.Properties) *Finder {
	return &Finder{config: c, properties: p}
}

// Find returns the client of a request. It returns the zero Client if there is no
// usable address. It reads one property, or none if X-Forwarded-For names the client.
func (f *Finder) Find(headers []proxy.Header) caller.Client {
	address := f.address(headers)
	if !address.IsValid() {
		return caller.Client{}
	}
	c := caller.Client{
		Prefix:  caller.Network(address, f.config.IPv4Prefix, f.config.IPv6Prefix),
		Address: address,
		Allowed: contains(f.config.Allow, address),
	}
	c.Key = caller.Key(c.Prefix)
	return c
}

// address returns the client's address. If the headers name none, it is the peer's. The peer
// is asked for only where it matters, because that is a call of the proxy.
func (f *Finder) address(headers []proxy.Header) netip.Addr {
	if forwarded := f.forwarded(headers); forwarded.IsValid() {
		return forwarded
	}
	peer := f.peer()
	if named := f.named(headers, peer); named.IsValid() {
		return named
	}
	return peer
}

// peer returns the address that Envoy trusts.
func (f *Finder) peer() netip.Addr { return parseAddress(f.properties.Property(sourceAddress)) }

// named returns the address that a header names, if the configuration trusts the
// header. It returns the zero Addr otherwise.
func (f *Finder) named(headers []proxy.Header, peer netip.Addr) netip.Addr {
	if f.config.Source == config.SourceHeader && contains(f.config.TrustedProxies, peer) {
		return parseAddress(only(headers, f.config.Header))
	}
	return f.forwarded(headers)
}

// forwarded returns the address that X-Forwarded-For names, if the configuration trusts it
// whoever the peer is. It returns the zero Addr otherwise.
func (f *Finder) forwarded(headers []proxy.Header) netip.Addr {
	switch f.config.Source {
	case config.SourceXFF:
		return walkForwarded(headers, f.config.TrustedProxies)
	case config.SourceXFFFirst:
		return firstForwarded(headers)
	}
	return netip.Addr{}
}

// only returns the value of a header that occurs exactly once, and "" otherwise: of
// two values, the client may have sent one.
func only(headers []proxy.Header, name string) string {
	value, seen := "", false
	for i := range headers {
		if headers[i].Name != name {
			continue
		}
		if seen {
			return ""
		}
		value, seen = headers[i].Value, true
	}
	return value
}
