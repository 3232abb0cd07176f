package filter

import "net/netip"

// View is what the filter made of a request.
type View struct {
	// Surface is the one that the request belongs to, "" if to none.
	Surface string
	// Client is who it comes from, as the configuration aggregates addresses: not
	// valid where the address is not known, or was not needed.
	Client netip.Prefix
}

// View is for tools that follow the filter's decisions. The request path has no use
// for it.
func (s *Stream) View() View {
	v := View{Client: s.client.prefix}
	if s.surface != nil {
		v.Surface = s.surface.Name
	}
	return v
}
