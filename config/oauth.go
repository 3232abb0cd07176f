package config

import (
	"strconv"
	"strings"
)

// OAuth describes the service to OAuth clients as a protected resource (RFC 9728):
// a 401 on surfaces of the kinds api and mcp gets a challenge that points to the
// metadata.
type OAuth struct {
	// Resource is the URL of the service as clients write it. It is https, or http
	// on this machine, without query and fragment. Required. Danger: clients refuse
	// metadata with a URL other than the one they called.
	Resource string
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

var oauthFields = []field[OAuth]{
	{key: "resource", required: `write the service's URL, for example "https://api.example.com/mcp"`, read: readResource},
	{key: "authorization_servers", required: `write for example ["https://auth.example.com"]`, read: readServers},
	{key: "scopes_supported", read: func(v value, o *OAuth) { o.ScopesSupported = v.texts(scope) }},
	{key: "resource_documentation", read: readDocumentation},
	{key: "resource_name", read: readResourceName},
	{key: "realm", read: readRealm},
	{key: "challenge_scope", read: func(v value, o *OAuth) { o.ChallengeScope = v.texts(scope) }},
	{key: "serve_metadata", read: func(v value, o *OAuth) { v.boolean(&o.ServeMetadata) }},
}

func readOAuth(v value) *OAuth {
	o := &OAuth{ServeMetadata: true}
	readObject(v, oauthFields, o)
	return o
}

func readResource(v value, o *OAuth) {
	if text, ok := v.text("a URL as a string"); ok && secureURL(v, text) {
		o.Resource = text
	}
}

func readServers(v value, o *OAuth) {
	o.AuthorizationServers = v.texts(func(item value, text string) string {
		if !secureURL(item, text) {
			return ""
		}
		return text
	})
	v.refuseEmpty(`write for example ["https://auth.example.com"]`)
}

func readDocumentation(v value, o *OAuth) {
	if text, ok := v.text("a URL as a string"); ok && webURL(v, text) {
		o.ResourceDocumentation = text
	}
}

func readResourceName(v value, o *OAuth) {
	text, ok := v.text("a name for people, as a string")
	if ok && text == "" {
		v.bad("is empty; write a name for people, or leave it out")
	}
	o.ResourceName = text
}

// readRealm accepts the characters that a quoted string holds without escapes,
// because some clients misread escapes. It refuses an empty realm, because some
// clients then misread the whole header.
func readRealm(v value, o *OAuth) {
	text, ok := v.text("a string")
	switch {
	case !ok:
	case text == "":
		v.bad("is empty; leave it out for no realm")
	case !isQuotable(text, ' '):
		v.bad(quote(text) + ` has a character that a realm cannot have; write printable ASCII without " and \`)
	default:
		o.Realm = text
	}
}

// scope checks a scope token (RFC 6750 section 3).
func scope(v value, text string) string {
	switch {
	case text == "" || !isQuotable(text, '!'):
		v.bad(quote(text) + ` is not a scope; write printable ASCII without space, " and \`)
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
func checkScopes(o *OAuth, out *violations) {
	if len(o.ScopesSupported) == 0 || indexOf(o.ScopesSupported, "") >= 0 {
		return
	}
	for i, s := range o.ChallengeScope {
		if s != "" && indexOf(o.ScopesSupported, s) < 0 {
			out.add("oauth.challenge_scope["+strconv.Itoa(i)+"]",
				quote(s)+" is not in scopes_supported; add it there or remove it here")
		}
	}
}
