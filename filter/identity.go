package filter

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// identity is who a request was verified to come from. What is only claimed is no
// part of it. The zero identity is nobody: such a request is its client's address.
type identity struct {
	verified              bool
	subject, tenant, tier string
	scopes, roles         []string
	// credential is a keyed hash of what was verified: of the API key or the
	// accepted credential or, where others looked at those, of subject and
	// tenant. However a credential is written, it has the same one.
	credential uint64
}

// has tells whether everything was verified that a request is to be counted by.
func (id *identity) has(per config.Per) bool {
	return per&(config.PerCredential|config.PerSubject|config.PerTenant) == 0 || id.verified &&
		(per&config.PerSubject == 0 || id.subject != "") &&
		(per&config.PerTenant == 0 || id.tenant != "")
}

// identitySource is a configured source made ready for the request path.
type identitySource struct {
	kind    config.IdentityKind
	claims  claims
	headers identityHeaders
	keys    []apiKey
	// defaultTier is the tier of those that it verifies without saying one.
	defaultTier string
	// introspection is nil for the other kinds.
	introspection *introspection
}

// readyIdentity makes the configured sources ready.
func (f *Filter) readyIdentity() {
	f.sources = make([]identitySource, len(f.config.Identity))
	for i := range f.sources {
		c, s := &f.config.Identity[i], &f.sources[i]
		s.kind, s.defaultTier = c.Kind, c.DefaultTier
		s.claims = newClaims(c.Filter, &c.Claims)
		s.headers = newIdentityHeaders(&c.Headers)
		for j := range c.Keys {
			key := newAPIKey(&c.Keys[j])
			key.credential = f.table.Hash(appendPart([]byte("key"), c.Keys[j].ID))
			s.keys = append(s.keys, key)
		}
		switch c.Kind {
		case config.IdentityAccepted:
			f.acceptedFor = c.For
		case config.IdentityIntrospection:
			s.introspection = newIntrospection(c, i)
		}
	}
}

// identify asks the sources, in their order, who the request comes from. It stops
// at one that has to be asked elsewhere first, and goes on behind it.
func (s *Stream) identify(host Host, headers []Header) {
	sources := s.filter.sources
	if len(sources) == 0 {
		return
	}
	p, alone := single(&s.filter.config.Credentials, headers)
	s.denial = denialOf(s.credential, alone, &p)
	for i := s.inquiry.next; i < len(sources); i++ {
		source := &sources[i]
		switch {
		case source.kind == config.IdentityMetadata:
			s.identity = s.filter.named(source.claims.identity(host))
		case source.kind == config.IdentityHeaders:
			s.identity = s.filter.named(source.headers.identity(headers))
		case !alone:
		case source.kind == config.IdentityAPIKeys:
			s.identity = s.filter.keyIdentity(host, source.keys, &p)
		case source.kind == config.IdentityAccepted:
			s.identity = s.acceptedIdentity(host, &p)
		case source.kind == config.IdentityIntrospection:
			s.identity = s.introspected(host, source.introspection, &p)
		}
		if s.identity.verified && s.identity.tier == "" {
			s.identity.tier = source.defaultTier
		}
		if s.identity.verified || s.inquiry.open {
			s.inquiry.next = i + 1
			return
		}
	}
}

// named gives an identity that is known by name its hash.
func (f *Filter) named(id identity) identity {
	if id.verified {
		f.name = appendPart(appendPart(append(f.name[:0], "name"...), id.subject), id.tenant)
		id.credential = f.table.Hash(f.name)
	}
	return id
}

// identityHeaders are the headers that tell an identity's parts: subject, tenant,
// tier, scopes and roles. Those that are not to be read are empty.
type identityHeaders [5]string

func newIdentityHeaders(n *config.IdentityNames) identityHeaders {
	return identityHeaders{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles}
}

// identity reads the headers. Who is trusted sets each of them once: a second value
// may be the client's.
func (names *identityHeaders) identity(headers []Header) identity {
	var values [len(names)]string
	var seen [len(names)]bool
	for i := range headers {
		for j, name := range names {
			if name == "" || headers[i].Name != name {
				continue
			}
			value := strings.Trim(headers[i].Value, " \t")
			if seen[j] || value != "" && !isText(value) {
				return identity{}
			}
			values[j], seen[j] = value, true
		}
	}
	if values[0] == "" && (names[0] != "" || values[1] == "") {
		return identity{}
	}
	return identity{
		verified: true,
		subject:  strings.Clone(values[0]), tenant: strings.Clone(values[1]), tier: strings.Clone(values[2]),
		scopes: divide(strings.Clone(values[3]), " ,"), roles: divide(strings.Clone(values[4]), " ,"),
	}
}

// distrust removes the headers that nobody may bring along.
func (f *Filter) distrust(host Host, headers []Header) {
	for i := range headers {
		for _, name := range f.config.UntrustedHeaders {
			if sameHeader(headers[i].Name, name) {
				host.RemoveRequestHeader(headers[i].Name)
			}
		}
	}
}
