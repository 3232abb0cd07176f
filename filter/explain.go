package filter

import "net/netip"

// Explanation says what a stream has made of its request: values for whoever writes
// them down. Places are those in the configuration's lists, -1 where there is none.
//
// It is asked of a stream that has decided, and of the functions that decided, so
// that nothing is worked out in a second way. The filter in the proxy never asks.
type Explanation struct {
	Path       PathView
	Client     ClientView
	Credential CredentialView
	Identity   IdentityView
	Lockout    LockoutView
	Quotas     []QuotaView
	InFlight   []InFlightView
	// Surface owns the request.
	Surface int
	// Preflight tells a CORS preflight, GRPC a gRPC request. Document tells that the
	// request is for a metadata document, which the filter serves.
	Preflight, GRPC, Document bool
	// Shadowed tells that a rule in shadow mode would have refused it.
	Shadowed bool
	// AsksBypass tells that it asks not to be limited, Bypassed that it is not.
	AsksBypass, Bypassed bool
	// Judged tells that the response is looked at for what it says of the credential.
	Judged bool
	// Now is the time at which all this holds, in milliseconds of the host's clock.
	Now int64
}

// PathView is how a request's method and path are read.
type PathView struct {
	Method string
	// Overrides are the methods of method-override headers.
	Overrides []string
	Readings  []Reading
	// Ambiguous tells that the readings lead to several surfaces, TooLong that the path
	// is too long to have several.
	Ambiguous, TooLong bool
}

// Reading is one way to read a path.
type Reading struct {
	Path string
	// Exempt is the place of the entry that exempts it.
	Exempt int
	// Matches are the entries that match it, one for each surface. The first owns it,
	// unless it is exempt.
	Matches []MatchView
}

// MatchView is an entry in a surface's match list.
type MatchView struct{ Surface, Match int }

// ClientView is who a request comes from.
type ClientView struct {
	// Peer is the address that the proxy trusts. Named is the one that a header names,
	// if the configuration has its word taken; otherwise it is not valid.
	Peer, Named netip.Addr
	// Hops are the entries of X-Forwarded-For that were walked, from the right.
	Hops []Hop
	// Address is the client's, Prefix what it is counted by. They are not valid if
	// there is no usable address: all such requests are one client.
	Address netip.Addr
	Prefix  netip.Prefix
	// Allowed is the place of the network that is never locked out.
	Allowed int
}

// Hop is an entry of X-Forwarded-For.
type Hop struct {
	Entry   string
	Address netip.Addr // not valid if it is none
	Trusted bool
}

// Explain says what the stream has made of its request. headers are those that the
// client sent.
func (s *Stream) Explain(host Host, headers []Header) Explanation {
	f := s.filter
	t, d := readRequest(headers)
	e := Explanation{
		Path: f.explainPath(&t), Client: f.explainClient(host, headers), Credential: f.explainCredential(s, headers),
		Surface: f.placeOf(s.surface), Document: f.serveMetadata(&t) != nil, GRPC: isGRPC(d.contentType),
		Shadowed: s.shadowed, AsksBypass: s.asksBypass, Bypassed: s.bypassed, Judged: s.judged,
		Now: host.Now(),
	}
	e.Preflight = isPreflight(&t, &d) && !e.Credential.Present
	if s.surface == nil {
		return e
	}
	e.Identity = s.explainIdentity(host, headers)
	e.Lockout = s.explainLockout(host, e.Preflight)
	e.Quotas = s.explainQuotas(&t, e.Now, e.Preflight)
	e.InFlight = s.explainInFlight(host)
	return e
}

func (f *Filter) placeOf(s *surface) int {
	for i := range f.surfaces {
		if s == &f.surfaces[i] {
			return i
		}
	}
	return -1
}

func (f *Filter) explainPath(t *target) PathView {
	v := PathView{Method: t.method, Overrides: t.overrides}
	_, v.Ambiguous = f.classify(t)
	for _, reading := range f.readings {
		v.Readings = append(v.Readings, f.explainReading(t, reading))
	}
	v.TooLong = v.Ambiguous && len(f.readings) == 0
	return v
}

func (f *Filter) explainReading(t *target, path string) Reading {
	r := Reading{Path: path, Exempt: f.exemption(t, path)}
	path = trimSlash(lower(path))
	for i := range f.surfaces {
		if place := f.surfaces[i].matching(t, path); place >= 0 {
			r.Matches = append(r.Matches, MatchView{i, place})
		}
	}
	return r
}

func (f *Filter) explainClient(host Host, headers []Header) ClientView {
	c := &f.config.Client
	is := clientOf(c, host, headers)
	v := ClientView{Peer: parseAddress(host.Property(sourceAddress)), Address: is.address, Prefix: is.prefix, Allowed: -1}
	v.Named = namedAddress(c, headers, v.Peer)
	for w := (forwardedWalk{headers: headers, trusted: c.TrustedProxies}); w.step(); {
		address := parseAddress(w.entry)
		v.Hops = append(v.Hops, Hop{w.entry, address, contains(c.TrustedProxies, address)})
	}
	for i := len(c.Allow) - 1; i >= 0; i-- {
		if c.Allow[i].Contains(is.address) {
			v.Allowed = i
		}
	}
	return v
}
