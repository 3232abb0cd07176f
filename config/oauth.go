package config

import (
	"strconv"
	"strings"
)

// OAuth describes the protected resource (RFC 9728) and its challenge.
type OAuth struct {
	Resource              string
	AuthorizationServers  []string
	ScopesSupported       []string
	ResourceDocumentation string
	// ResourceName is optional.
	ResourceName string
	// Realm and ChallengeScope go into the challenge when not empty.
	Realm          string
	ChallengeScope []string
	// ServeMetadata makes the filter answer at the well-known locations.
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

// readRealm allows what a quoted string holds without escapes: clients are
// known to misread escapes, and an empty one spoils the whole header for some.
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

// scope is a scope token of RFC 6750 section 3.
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

// isQuotable tells whether all characters are printable ASCII from first on,
// but neither quotation mark nor backslash.
func isQuotable(text string, first byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < first || text[i] > '~' {
			return false
		}
	}
	return !strings.ContainsAny(text, `"\`)
}

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
