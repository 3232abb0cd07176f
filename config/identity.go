package config

import (
	"github.com/tidwall/gjson"
)

// IdentityKind says how a source verifies a caller. Every source needs one.
type IdentityKind uint8

// The kinds of identity source.
const (
	// IdentityMetadata trusts the dynamic metadata of an earlier filter, for example
	// jwt_authn. Danger: it trusts all metadata of that filter, verified or not.
	IdentityMetadata IdentityKind = iota
	// IdentityHeaders trusts headers that a gateway or filter in front sets. Danger:
	// whoever sets them must remove those that clients send.
	IdentityHeaders
	// IdentityAPIKeys compares API keys with hashes in the configuration.
	IdentityAPIKeys
	// IdentityAccepted trusts the service: a credential that it answered with 2xx is
	// an identity without a name. Danger: a path that answers 2xx without looking at
	// the credential makes any credential an accepted one.
	IdentityAccepted
	// IdentityIntrospection asks an authorization server about tokens (RFC 7662).
	IdentityIntrospection
)

// identityUnknown marks a source whose kind could not be read.
const identityUnknown IdentityKind = 255

// Identity is a source of identities. Its Kind decides which other fields it has.
type Identity struct {
	Kind IdentityKind
	// Filter is the name of the filter whose metadata IdentityMetadata reads.
	// Default: envoy.filters.http.jwt_authn.
	Filter string
	// Claims are the places of an identity's parts in the metadata
	// (IdentityMetadata) or in the answer (IdentityIntrospection). The first needs
	// a subject or a tenant; for the second, the default is sub and scope.
	Claims Claims
	// Headers are the headers that IdentityHeaders trusts; a subject or a tenant is
	// required.
	Headers IdentityNames
	// Keys are the API keys of IdentityAPIKeys, 1 to 1024.
	Keys []APIKey
	// For is the time in milliseconds for which IdentityAccepted accepts a credential
	// after the service did; required there. Danger: a revoked credential stays
	// accepted for this long, unless the service refuses it.
	For int64
	// Introspection says how IdentityIntrospection asks.
	Introspection Introspection
	// DefaultTier is the tier of callers for whom the source names none. Default:
	// no tier.
	DefaultTier string
}

// Claims are the paths of an identity's parts in an object: the keys of nested
// objects, from the outside in. A part without a path is not read.
type Claims struct {
	Subject, Tenant, Tier, Scopes, Roles []string
	// Audience is for whom the token is. Only for IdentityMetadata.
	Audience []string
}

// IdentityNames are the headers, in lower case, that hold an identity's parts. A
// part without a header is not read.
type IdentityNames struct {
	Subject, Tenant, Tier, Scopes, Roles string
	// Audience is for whom the token is.
	Audience string
}

const (
	maxSources = 16
	// maxClaimDepth is the longest path of a claim; no token nests that deep.
	maxClaimDepth = 16
)

// identityParts are the keys of an identity's parts.
var identityParts = [...]string{"subject", "tenant", "tier", "scopes", "roles", "audience"}

// list returns the headers in the order of identityParts.
func (n *IdentityNames) list() []string {
	return []string{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles, n.Audience}
}

// source is an identity source while it is read.
type source struct {
	Identity
	// path is the prefix of the paths of all its claims.
	path []string
	// secretVariable is the environment variable that holds the secret, if any.
	secretVariable string
}

var identityKinds = []string{
	IdentityMetadata: "metadata", IdentityHeaders: "headers", IdentityAPIKeys: "api_keys", IdentityAccepted: "accepted", IdentityIntrospection: "introspection",
}

var oneSource source

// identityFields holds the fields of each kind of source.
var identityFields = [...]table[source]{
	IdentityMetadata: {&oneSource, []field[source]{
		sourceField,
		{key: "filter", as: &textAs{&oneSource.Filter, readPlain, "envoy.filters.http.jwt_authn"}},
		// The path comes before the claims, because it is their prefix.
		{key: "path", as: &list{&oneSource.path, readClaim}},
		subjectField, tenantField, tierField, scopesField, rolesField,
		{key: "audience", as: &claimOf{&oneSource.Claims.Audience}},
		defaultTierField,
	}},
	IdentityHeaders: {&oneSource, []field[source]{
		sourceField,
		{key: "subject", as: &textAs{&oneSource.Headers.Subject, readHeader, "x-user-id"}},
		{key: "tenant", as: &textAs{&oneSource.Headers.Tenant, readHeader, "x-tenant-id"}},
		{key: "tier", as: &textAs{&oneSource.Headers.Tier, readHeader, "x-tier"}},
		{key: "scopes", as: &textAs{&oneSource.Headers.Scopes, readHeader, "x-scopes"}},
		{key: "roles", as: &textAs{&oneSource.Headers.Roles, readHeader, "x-roles"}},
		{key: "audience", as: &textAs{&oneSource.Headers.Audience, readHeader, "x-audience"}},
		defaultTierField,
	}},
	IdentityAPIKeys: {&oneSource, []field[source]{
		sourceField,
		{key: "keys", required: keysRemedy, list: of(&apiKeyFields), read: readAPIKeys},
		defaultTierField,
	}},
	IdentityAccepted: {&oneSource, []field[source]{
		sourceField,
		{key: "for", required: `write how long a credential stays accepted, for example "10m"`, as: &duration{&oneSource.For, "10m"}},
		defaultTierField,
	}},
	IdentityIntrospection: introspectionFields,
}

var sourceField = field[source]{
	key: "source", words: &identityKinds, as: &oneOf{(*uint8)(&oneSource.Kind), identityKinds},
}

// The fields of the kinds that read claims.
var (
	subjectField = field[source]{key: "subject", as: &claimOf{&oneSource.Claims.Subject}}
	tenantField  = field[source]{key: "tenant", as: &claimOf{&oneSource.Claims.Tenant}}
	tierField    = field[source]{key: "tier", as: &claimOf{&oneSource.Claims.Tier}}
	scopesField  = field[source]{key: "scopes", as: &claimOf{&oneSource.Claims.Scopes}}
	rolesField   = field[source]{key: "roles", as: &claimOf{&oneSource.Claims.Roles}}
)

// defaultTierField comes last among the fields of every kind.
var defaultTierField = field[source]{key: "default_tier", as: &textAs{&oneSource.DefaultTier, readPlain, "free"}}

// anyIdentityFields holds the fields of all kinds. Their readers do nothing,
// because the meaning of a field depends on the kind. They stand in for the fields
// of a source whose kind could not be read.
var anyIdentityFields = allIdentityFields()

func allIdentityFields() table[source] {
	all := table[source]{&oneSource, []field[source]{sourceField}}
	for kind := range identityFields {
		for i := range identityFields[kind].rows {
			if f := &identityFields[kind].rows[i]; of(&all).index(f.key) < 0 {
				other := extend(&all.rows)
				other.key, other.object, other.list, other.read = f.key, f.object, f.list, func(*value, *source) {}
			}
		}
	}
	return all
}

func readIdentity(v *value, d *draft) {
	for _, item := range v.items(maxSources) {
		var s source
		s.read(item)
		move(extend(&d.Identity), &s.Identity)
		d.secretVariables = append(d.secretVariables, s.secretVariable)
	}
}

func (s *source) read(v *value) {
	s.Kind = identityUnknown
	fields := &anyIdentityFields
	if word := v.member("source"); word.json.Type == gjson.String {
		if kind := indexOf(identityKinds, word.json.Str); kind >= 0 {
			s.Kind, fields = IdentityKind(kind), &identityFields[kind]
		}
	}
	switch s.Kind {
	case IdentityMetadata:
		s.Filter = "envoy.filters.http.jwt_authn"
	case IdentityIntrospection:
		s.introspect()
	}
	readObject(v, fields, s)
	names := s.Kind == IdentityMetadata || s.Kind == IdentityHeaders
	if names && !v.has("subject") && !v.has("tenant") {
		v.bad("names neither subject nor tenant, so that it cannot tell callers apart; write the place of the subject")
	}
}

const (
	claimExample = `for example "sub" or ["realm_access", "roles"]`
	claimRemedy  = "write " + claimExample
)

// claimOf is the path of a claim, which the source's own path comes before.
type claimOf struct{ into *[]string }

func (f *claimOf) read(v *value, to target) {
	way := readClaim(v)
	v.refuseEmpty(claimRemedy)
	*slot(to, f.into) = append(append([]string(nil), *slot(to, &oneSource.path)...), way...)
}

// readClaim reads the keys of nested objects, from the outside in. A single key
// may stand without a list. Dots do not separate keys, because names such as
// "https://example.com/roles" contain dots.
func readClaim(v *value) []string {
	if v.json.Type == gjson.String {
		return []string{claimPart(v)}
	}
	if !v.json.IsArray() {
		v.wrongType("a claim's name, or a list of the names that lead to it, " + claimExample)
		return nil
	}
	var way []string
	for _, item := range v.items(maxClaimDepth) {
		way = append(way, claimPart(item))
	}
	return way
}

func claimPart(v *value) string {
	text, ok := v.text("a claim's name as a string")
	if ok && !isPlain(text) {
		v.bad("%q is not a claim's name; "+claimRemedy, text)
	}
	return text
}

// usualIdentityHeaders are the headers in which gateways usually pass an identity
// on.
var usualIdentityHeaders = []string{"x-user-id", "x-tenant-id", "x-tier", "x-scopes", "x-roles"}

// distrust fills in the default of UntrustedHeaders. If a source trusts headers,
// whoever sets these has to remove others.
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

// checkIdentity checks the sources against each other and against other fields.
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
			out.add(identityPath(i, ""), "comes second to %s, which is of the same kind; remove one of them", identityPath(accepted, "").String())
		}
	}
}

// checkTrusted refuses to trust headers that the filter removes, or that clients
// write.
func (d *draft) checkTrusted(s *Identity, i int, out *violations) {
	for part, name := range s.Headers.list() {
		switch path := identityPath(i, identityParts[part]); {
		case name == "":
		case indexOf(d.Credentials.Headers, name) >= 0:
			out.add(path, "%q is one of credentials.headers, which clients write; name one that your gateway sets", name)
		case indexOf(d.UntrustedHeaders, name) >= 0:
			out.add(path, "%q is one of untrusted_headers; remove it from one of them", name)
		}
	}
}

// checkUntrusted refuses to remove a header that carries a credential.
func (d *draft) checkUntrusted(out *violations) {
	for i, name := range d.UntrustedHeaders {
		if name != "" && indexOf(d.Credentials.Headers, name) >= 0 {
			out.add(at(element("untrusted_headers", i)), "%q is one of credentials.headers, and the service would never see it; remove it from one of them", name)
		}
	}
}

// identityPath returns the path of a key of the i-th source, or of the source
// itself if key is empty.
func identityPath(i int, key string) location { return location{"identity", i, key} }
