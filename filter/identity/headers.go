package identity

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// values are those of the trusted headers with the parts of an identity: subject, tenant,
// tier, scopes, roles and audience. The value is "" for a part that no header has.
type values [6]string

// trusted is a header with a part of an identity.
type trusted struct {
	name string
	part int // its place among the values
}

// headerNames are the trusted headers, in the order of their parts.
type headerNames []trusted

func (names *headerNames) compile(n *config.IdentityNames) {
	for part, name := range (values{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles, n.Audience}) {
		if name != "" {
			*names = append(*names, trusted{name, part})
		}
	}
}

// read reads the headers. A trusted gateway sets each of them once: it is not ok with a
// second value, which may be the client's. Nor is it without a subject, or without a tenant
// where no header has a subject.
func (names headerNames) read(headers []proxy.Header) (v values, ok bool) {
	found := 0 // bits
	for i := range headers {
		for j := range names {
			if headers[i].Name != names[j].name {
				continue
			}
			if bit := 1 << j; found&bit == 0 {
				v[names[j].part] = ascii.TrimBlanks(headers[i].Value)
				found |= bit
				continue
			}
			return v, false
		}
	}
	return v, v[0] != "" || len(names) > 0 && names[0].part > 0 && v[1] != ""
}

// identifyHeaders identifies the caller that the headers name.
func (r *Room) identifyHeaders(id *caller.Identity, s *source, headers []proxy.Header) {
	v, ok := s.headers.read(headers)
	if !ok {
		return
	}
	place := s.seen.place(&v)
	if place != nil && place.values == v {
		id.Set(&place.identity)
		return
	}
	if !v.identify(id) {
		return
	}
	if r.name(id); place != nil {
		place.values = v
		place.identity.Set(id)
	}
}

// identify sets the identity with these values, which it copies: the proxy's memory goes
// with the callback. It is not ok if one of them is no text.
func (v *values) identify(id *caller.Identity) (ok bool) {
	for i := range v {
		if v[i] != "" && !claim.IsText(v[i]) {
			return false
		}
	}
	for i := range v {
		v[i] = strings.Clone(v[i])
	}
	id.Verified = true
	id.Subject, id.Tenant, id.Tier = v[0], v[1], v[2]
	for i, list := range [...]*[]string{&id.Scopes, &id.Roles, &id.Audience} {
		*list = claim.Split(v[3+i], " ,")
	}
	return true
}
