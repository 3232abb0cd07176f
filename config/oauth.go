package config

import (
	"strings"
)

// OAuth describes a service to OAuth clients as a protected resource (RFC 9728): a
// 401 on its surfaces gets a challenge that points to its metadata.
type OAuth struct {
	// Resource is the URL of the service as clients write it. It is https, or http
	// on this machine, without query and fragment. Required. Danger: clients refuse
	// metadata with a URL other than the one they called.
	Resource string
	// Surfaces are the names of the resource's surfaces, of the kinds api and mcp.
	// Default: those that the URL covers, see [Config.ResourceOf].
	Surfaces []string
	// HostDefault puts the resource's metadata at the root location of its host, too,
	// where clients look that know no path. Default: false, and a resource is there
	// if it has no path, or is the only one of its host.
	HostDefault bool
	// Alone reports that the resource is written as an object, not in a list. Then it
	// has all surfaces of the kinds api and mcp, unless Surfaces names some.
	Alone bool
	// Audiences are further names that tokens have for the resource, beside its URL.
	// Default: none.
	Audiences []string
	// CheckAudience refuses tokens that were verified to be for another resource.
	// Default: true. Danger: otherwise a token that a client gave to another service
	// is good here, too.
	CheckAudience bool
	// AuthorizationServers are the issuers, as URLs of the same form, whose tokens
	// the service accepts. At least one.
	AuthorizationServers []string
	// ScopesSupported are the scopes in the metadata. Default: none. Danger: clients
	// may ask for all of them at once.
	ScopesSupported []string
	// ResourceDocumentation is the URL of a page for developers. Default: none.
	ResourceDocumentation string
	// ResourceName is the name of the service for people. Default: none.
	ResourceName string
	// Realm is the realm of the challenge, in printable ASCII without " and \.
	// Default: none. Danger: some clients find "scope=" and "error=" inside of it.
	Realm string
	// ChallengeScope are the scopes of the challenge. Each must be among
	// ScopesSupported, if there are any. Default: none.
	ChallengeScope []string
	// ServeMetadata makes the filter answer at the well-known locations. Default:
	// true. Danger: otherwise the service must answer there.
	ServeMetadata bool
}

var oneOAuth OAuth

var oauthFields = table[OAuth]{&oneOAuth, []field[OAuth]{
	{key: "resource", required: `write the service's URL, for example "https://api.example.com/mcp"`, as: &text{&oneOAuth.Resource, readSecureURL}},
	{key: "surfaces", as: &textList{into: &oneOAuth.Surfaces, each: anyText, empty: "leave it out for those that the resource covers"}},
	{key: "host_default", as: &boolean{&oneOAuth.HostDefault}},
	{key: "audiences", as: &textList{into: &oneOAuth.Audiences, each: plain, what: "api://example"}},
	{key: "check_audience", as: &boolean{&oneOAuth.CheckAudience}},
	{key: "authorization_servers", required: `write for example ["https://auth.example.com"]`, as: &textList{into: &oneOAuth.AuthorizationServers, each: issuer, empty: `write for example ["https://auth.example.com"]`}},
	{key: "scopes_supported", as: &textList{into: &oneOAuth.ScopesSupported, each: scope}},
	{key: "resource_documentation", as: &text{&oneOAuth.ResourceDocumentation, readWebURL}},
	{key: "resource_name", as: &text{&oneOAuth.ResourceName, readResourceName}},
	{key: "realm", as: &text{&oneOAuth.Realm, readRealm}},
	{key: "challenge_scope", as: &textList{into: &oneOAuth.ChallengeScope, each: scope}},
	{key: "serve_metadata", as: &boolean{&oneOAuth.ServeMetadata}},
}}

// maxResources bounds what is compared with each other at load.
const maxResources = 64

// readResources reads one resource, or a list of them.
func readResources(v *value, d *draft) {
	if !v.json.IsArray() {
		readOAuth(v, extend(&d.OAuth))
		d.OAuth[0].Alone = true
		return
	}
	v.refuseEmpty("leave it out for no resource")
	for i, item := range makeRoom(&d.OAuth, v.items(maxResources)) {
		readOAuth(item, &d.OAuth[i])
	}
}

func readOAuth(v *value, o *OAuth) {
	o.ServeMetadata, o.CheckAudience = true, true
	readObject(v, &oauthFields, o)
}

func issuer(v *value, text, _ string) string {
	if !secureURL(v, text) {
		return ""
	}
	return text
}

func readResourceName(v *value) string {
	text, ok := v.text("a name for people, as a string")
	if ok && text == "" {
		v.bad("is empty; write a name for people, or leave it out")
	}
	return text
}

// readRealm accepts the characters that a quoted string holds without escapes,
// because some clients misread escapes. It refuses an empty realm, because some
// clients then misread the whole header.
func readRealm(v *value) string {
	text, ok := v.text("a string")
	switch {
	case !ok:
	case text == "":
		v.bad("is empty; leave it out for no realm")
	case !isQuotable(text, ' '):
		v.bad(`%q has a character that a realm cannot have; write printable ASCII without " and \`, text)
	default:
		return text
	}
	return ""
}

// scope checks a scope token (RFC 6750 section 3).
func scope(v *value, text, _ string) string {
	switch {
	case text == "" || !isQuotable(text, '!'):
		v.bad(`%q is not a scope; write printable ASCII without space, " and \`, text)
	case text == "offline_access":
		// MCP, Authorization: "SHOULD NOT include offline_access".
		v.bad("offline_access is between client and authorization server, and MCP keeps it out of the resource's scopes; remove it")
	default:
		return text
	}
	return ""
}

// isQuotable reports whether all characters are printable ASCII from first on,
// without quotation marks and backslashes.
func isQuotable(text string, first byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < first || text[i] > '~' {
			return false
		}
	}
	return !strings.ContainsAny(text, `"\`)
}

// checkScopes refuses a challenge with scopes that the metadata does not list.
func (d *draft) checkScopes(i int, out *violations) {
	o := &d.OAuth[i]
	if len(o.ScopesSupported) == 0 || indexOf(o.ScopesSupported, "") >= 0 {
		return
	}
	for j, s := range o.ChallengeScope {
		if s != "" && indexOf(o.ScopesSupported, s) < 0 {
			out.add(at(d.resourcePath(i, element("challenge_scope", j))),
				"%q is not in scopes_supported; add it there or remove it here", s)
		}
	}
}
