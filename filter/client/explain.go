package client

import (
	"net/netip"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// View tells how the client of a request is found.
type View struct {
	// Peer is the address that Envoy trusts. Named is the address that a header names,
	// and is not valid if the configuration does not trust the header.
	Peer, Named netip.Addr
	// TrustedPeer tells whether Peer is a trusted proxy.
	TrustedPeer bool
	// Hops are the entries of X-Forwarded-For that are walked, from the right.
	Hops []Hop
	// Address is the client's address, and Prefix the network by which it is counted.
	// They are not valid if the request has no usable address: all such requests share
	// one client.
	Address netip.Addr
	Prefix  netip.Prefix
	// Allowed is the index of the allowed network that the client belongs to, or -1.
	Allowed int
}

// Hop is an entry of X-Forwarded-For.
type Hop struct {
	Entry   string
	Address netip.Addr // not valid if the entry is not an address
	Trusted bool
}

// Explain tells how the client of a request is found. headers are those that the
// client sent.
func (f *Finder) Explain(headers []proxy.Header) View {
	c := f.Find(headers)
	v := View{Peer: f.peer(), Address: c.Address, Prefix: c.Prefix, Allowed: -1}
	v.Named = f.named(headers, v.Peer)
	trusted := f.config.TrustedProxies
	v.TrustedPeer = contains(trusted, v.Peer)
	for w := (forwardedWalk{headers: headers, trusted: trusted}); w.step(); {
		address := parseAddress(w.entry)
		v.Hops = append(v.Hops, Hop{Entry: w.entry, Address: address, Trusted: contains(trusted, address)})
	}
	for i := len(f.config.Allow) - 1; i >= 0; i-- {
		if f.config.Allow[i].Contains(c.Address) {
			v.Allowed = i
		}
	}
	return v
}
