package config

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// IdentityKind says how a source verifies.
type IdentityKind uint8

// The kinds of identity source.
const (
	// IdentityMetadata believes what a filter in front has verified.
	IdentityMetadata IdentityKind = iota
	// IdentityHeaders believes headers that a filter or gateway in front sets.
	IdentityHeaders
	// IdentityAPIKeys knows keys by their hashes.
	IdentityAPIKeys
	// IdentityAccepted believes the service's own 2xx.
	IdentityAccepted
	// IdentityIntrospection asks an authorization server.
	IdentityIntrospection
)

// identityUnknown marks a source that could not be read.
const identityUnknown IdentityKind = 255

// Identity is one source of identities.
type Identity struct {
	Kind IdentityKind
	// Filter is the name under which the metadata is left (IdentityMetadata), and
	// Claims where they stand in it or in an answer (IdentityIntrospection).
	Filter string
	Claims Claims
	// Headers are the names of the trusted headers (IdentityHeaders).
	Headers IdentityNames
	// Keys are the known keys (IdentityAPIKeys).
	Keys []APIKey
	// For is how long, in milliseconds, a credential counts as accepted after
	// the service accepted it (IdentityAccepted).
	For int64
	// Introspection is how to ask (IdentityIntrospection).
	Introspection Introspection
	// DefaultTier is the tier of those that the source verifies without saying
	// one.
	DefaultTier string
}

// Claims are the ways to an identity's parts: the keys of nested objects, from the
// outside in. What is not to be read has none.
type Claims struct {
	Subject, Tenant, Tier, Scopes, Roles []string
}

// IdentityNames are the headers, in lower case, of an identity's parts; those that
// are not to be read are empty.
type IdentityNames struct {
	Subject, Tenant, Tier, Scopes, Roles string
}

const maxSources = 16

// identityParts are the keys of an identity's parts.
var identityParts = [...]string{"subject", "tenant", "tier", "scopes", "roles"}

// list has the headers in the order of identityParts.
func (n *IdentityNames) list() []string {
	return []string{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles}
}

// source is an identity source on its way.
type source struct {
	Identity
	// path is what the paths of all its claims begin with.
	path []string
	// secretVariable names the environment variable that holds its secret.
	secretVariable string
}

var identityKinds = []option[IdentityKind]{
	{"metadata", IdentityMetadata}, {"headers", IdentityHeaders},
	{"api_keys", IdentityAPIKeys}, {"accepted", IdentityAccepted}, {"introspection", IdentityIntrospection},
}

// identityFields are the fields of each kind of source.
var identityFields = [...][]field[source]{
	IdentityMetadata: {
		sourceField,
		{key: "filter", read: func(v value, s *source) { s.Filter = readPlain(v, "envoy.filters.http.jwt_authn") }},
		// The path comes before the claims, which begin with it.
		{key: "path", read: func(v value, s *source) { s.path = readClaim(v) }},
		subjectField, tenantField, tierField, scopesField, rolesField,
		defaultTierField,
	},
	IdentityHeaders: {
		sourceField,
		{key: "subject", read: func(v value, s *source) { s.Headers.Subject = readHeader(v, "x-user-id") }},
		{key: "tenant", read: func(v value, s *source) { s.Headers.Tenant = readHeader(v, "x-tenant-id") }},
		{key: "tier", read: func(v value, s *source) { s.Headers.Tier = readHeader(v, "x-tier") }},
		{key: "scopes", read: func(v value, s *source) { s.Headers.Scopes = readHeader(v, "x-scopes") }},
		{key: "roles", read: func(v value, s *source) { s.Headers.Roles = readHeader(v, "x-roles") }},
		defaultTierField,
	},
	IdentityAPIKeys: {
		sourceField,
		{key: "keys", required: keysRemedy, below: keysOf("[]", apiKeyFields), read: readAPIKeys},
		defaultTierField,
	},
	IdentityAccepted: {
		sourceField,
		{key: "for", required: `write how long a credential stays accepted, for example "10m"`, read: func(v value, s *source) {
			v.duration(&s.For, "10m")
		}},
		defaultTierField,
	},
	IdentityIntrospection: introspectionFields,
}

var sourceField = field[source]{
	key: "source", required: "write " + words(identityKinds),
	read: func(v value, s *source) { choose(v, identityKinds, &s.Kind) },
}

// The claims of the sources that read some.
var (
	subjectField = field[source]{key: "subject", read: func(v value, s *source) { s.Claims.Subject = s.claim(v) }}
	tenantField  = field[source]{key: "tenant", read: func(v value, s *source) { s.Claims.Tenant = s.claim(v) }}
	tierField    = field[source]{key: "tier", read: func(v value, s *source) { s.Claims.Tier = s.claim(v) }}
	scopesField  = field[source]{key: "scopes", read: func(v value, s *source) { s.Claims.Scopes = s.claim(v) }}
	rolesField   = field[source]{key: "roles", read: func(v value, s *source) { s.Claims.Roles = s.claim(v) }}
)

// defaultTierField comes last among the fields of every kind.
var defaultTierField = field[source]{key: "default_tier", read: func(v value, s *source) { s.DefaultTier = readPlain(v, "free") }}

// anyIdentityFields are the fields of all kinds. Which of them a source may have,
// and what they mean, depends on its kind: they stand for those of a kind that
// could not be read.
var anyIdentityFields = allIdentityFields()

func allIdentityFields() []field[source] {
	all := []field[source]{sourceField}
	known := map[string]bool{sourceField.key: true}
	for _, fields := range identityFields {
		for _, f := range fields {
			if !known[f.key] {
				known[f.key] = true
				all = append(all, field[source]{key: f.key, below: f.below, read: func(value, *source) {}})
			}
		}
	}
	return all
}

func readIdentity(v value) (list []Identity, secretVariables []string) {
	v.items(maxSources, func(item value) {
		s := readIdentitySource(item)
		list, secretVariables = append(list, s.Identity), append(secretVariables, s.secretVariable)
	})
	return list, secretVariables
}

func readIdentitySource(v value) source {
	s := source{Identity: Identity{Kind: identityUnknown}}
	fields := anyIdentityFields
	word := v.member("source")
	for _, o := range identityKinds {
		if word.Type == gjson.String && word.Str == o.word {
			s.Kind, fields = o.is, identityFields[o.is]
		}
	}
	switch s.Kind {
	case IdentityMetadata:
		s.Filter = "envoy.filters.http.jwt_authn"
	case IdentityIntrospection:
		s.introspect()
	}
	readObject(v, fields, &s)
	names := s.Kind == IdentityMetadata || s.Kind == IdentityHeaders
	if names && !v.member("subject").Exists() && !v.member("tenant").Exists() {
		v.bad("names neither subject nor tenant, so that it tells nobody apart; write where the subject stands")
	}
	return s
}

// maxClaimDepth is deeper than any token nests.
const maxClaimDepth = 16

const (
	claimExample = `for example "sub" or ["realm_access", "roles"]`
	claimRemedy  = "write " + claimExample
)

// claim reads the way to a claim, which begins with the source's path.
func (s *source) claim(v value) []string {
	way := readClaim(v)
	v.refuseEmpty(claimRemedy)
	return append(append([]string(nil), s.path...), way...)
}

// readClaim reads the keys of nested objects, from the outside in; a single one
// may stand without a list. They are not divided by dots, because names like
// "https://example.com/roles" have dots of their own.
func readClaim(v value) []string {
	if v.json.Type == gjson.String {
		return []string{claimPart(v)}
	}
	if !v.json.IsArray() {
		v.wrongType("a claim's name, or a list of the names that lead to it, " + claimExample)
		return nil
	}
	var way []string
	v.items(maxClaimDepth, func(item value) { way = append(way, claimPart(item)) })
	return way
}

func claimPart(v value) string {
	text, ok := v.text("a claim's name as a string")
	if ok && !isPlain(text) {
		v.bad(quote(text) + " is not a claim's name; " + claimRemedy)
	}
	return text
}

// usualIdentityHeaders are those by which gateways commonly say who is asking.
var usualIdentityHeaders = []string{"x-user-id", "x-tenant-id", "x-tier", "x-scopes", "x-roles"}

// distrust fills in which headers are removed. Where headers are trusted, removing
// others is up to whoever sets them.
func (d *draft) distrust() {
	if d.ownUntrusted || len(d.Identity) == 0 {
		return
	}
	for i := range d.Identity {
		if d.Identity[i].Kind == IdentityHeaders {
			return
		}
	}
	for _, name := range usualIdentityHeaders {
		if indexOf(d.Credentials.Headers, name) < 0 {
			d.UntrustedHeaders = append(d.UntrustedHeaders, name)
		}
	}
}

// checkIdentity reports what the identity sources and other fields do wrong
// together.
func (d *draft) checkIdentity(out *violations) {
	d.checkKeys(out)
	accepted := -1
	for i := range d.Identity {
		s := &d.Identity[i]
		d.checkTrusted(s, i, out)
		d.checkIntrospection(s, i, out)
		switch {
		case s.Kind != IdentityAccepted:
		case accepted < 0:
			accepted = i
		default:
			out.add(identityPath(i, ""), "comes second to "+identityPath(accepted, "")+", which is of the same kind; remove one of them")
		}
	}
}

// checkTrusted refuses to trust headers that are removed, or that clients write.
func (d *draft) checkTrusted(s *Identity, i int, out *violations) {
	for part, name := range s.Headers.list() {
		switch path := identityPath(i, identityParts[part]); {
		case name == "":
		case indexOf(d.Credentials.Headers, name) >= 0:
			out.add(path, quote(name)+" is one of credentials.headers, which clients write; name one that your gateway sets")
		case indexOf(d.UntrustedHeaders, name) >= 0:
			out.add(path, quote(name)+" is one of untrusted_headers; remove it from one of them")
		}
	}
}

// checkUntrusted refuses to remove what carries a credential.
func (d *draft) checkUntrusted(out *violations) {
	for i, name := range d.UntrustedHeaders {
		if name != "" && indexOf(d.Credentials.Headers, name) >= 0 {
			out.add("untrusted_headers["+strconv.Itoa(i)+"]", quote(name)+
				" is one of credentials.headers, and the service would never see it; remove it from one of them")
		}
	}
}

// identityPath is the path of a key below the i-th source, or of itself.
func identityPath(i int, key string) string { return elementPath("identity", i, key) }
