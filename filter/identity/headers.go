package identity

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// headerNames are the trusted headers with the parts of an identity: subject, tenant,
// tier, scopes, roles and audience. The name is "" for a part that no header has.
type headerNames values

func (names *headerNames) compile(n *config.IdentityNames) {
	*names = headerNames{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles, n.Audience}
}

// read reads the headers. A trusted gateway sets each of them once: it is not ok with a
// second value, which may be the client's.
func (names *headerNames) read(headers []proxy.Header) (v values, ok bool) {
	var found [len(names)]bool
	for i := range headers {
		for j := range names {
			if names[j] == "" || headers[i].Name != names[j] {
				continue
			}
			if found[j] {
				return v, false
			}
			v[j], found[j] = ascii.TrimBlanks(headers[i].Value), true
		}
	}
	return v, v[0] != "" || names[0] == "" && v[1] != ""
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
