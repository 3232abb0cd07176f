package config

import "strings"

// AuthorizationServer is an issuer whose metadata the filter serves (RFC 8414) at the
// hosts of its listener: from the configuration, or as the server's own passes through
// from Cluster.
type AuthorizationServer struct {
	// Issuer is the server's identifier: a URL of the form of a resource's. Required.
	// Danger: clients refuse metadata with another issuer than that they looked for.
	Issuer string
	// Alone reports that the server is written as an object, not in a list.
	Alone bool

	// The metadata from the configuration. The first two endpoints are required
	// there.
	AuthorizationEndpoint, TokenEndpoint, RegistrationEndpoint string
	IntrospectionEndpoint, RevocationEndpoint, JWKSURI         string
	// ResponseTypes are ["code"] by default, and GrantTypes ["authorization_code",
	// "refresh_token"].
	ResponseTypes, GrantTypes []string
	// TokenEndpointAuthMethods and Scopes are left out by default.
	TokenEndpointAuthMethods, Scopes []string
	// ServiceDocumentation is the URL of a page for developers. Default: none.
	ServiceDocumentation string

	// Cluster is the name of the server's cluster in Envoy, of which its metadata is
	// fetched. Default: none, and the metadata is that of the configuration.
	Cluster string
	// Path is where the server has its metadata. Default: where RFC 8414 puts it.
	Path string
	// Timeout limits how long a request waits for the server, in milliseconds; 1 s to
	// [MaxTimeout]. Default: 2 s.
	Timeout int64
	// For is how long metadata is used, in milliseconds. Default: 10 minutes.
	For int64
	// Stale is for how much longer it is used while the server gives none. Default: 1
	// day.
	Stale int64
	// PKCE reports that the server does PKCE with S256 although its metadata does not
	// say so. Default: false. Danger: if it is not true, clients rely on a protection
	// that is not there.
	PKCE bool
	// OpenID serves the metadata at the locations of OpenID Connect, too. Default:
	// false.
	OpenID bool
}

// maxAuthorizationServers bounds what is compared with each other at load.
const maxAuthorizationServers = 64

var oneAuthorizationServer AuthorizationServer

// authorizationServerFields are the keys of a server: its issuer, and then describedFields
// or fetchedFields.
var authorizationServerFields = table[AuthorizationServer]{&oneAuthorizationServer, []field[AuthorizationServer]{
	{key: "issuer", required: `write the server's identifier, for example "https://auth.example.com"`, as: &text{&oneAuthorizationServer.Issuer, readSecureURL}},

	{key: "authorization_endpoint", as: &text{&oneAuthorizationServer.AuthorizationEndpoint, readServerEndpoint}},
	{key: "token_endpoint", as: &text{&oneAuthorizationServer.TokenEndpoint, readServerEndpoint}},
	{key: "registration_endpoint", as: &text{&oneAuthorizationServer.RegistrationEndpoint, readServerEndpoint}},
	{key: "introspection_endpoint", as: &text{&oneAuthorizationServer.IntrospectionEndpoint, readServerEndpoint}},
	{key: "revocation_endpoint", as: &text{&oneAuthorizationServer.RevocationEndpoint, readServerEndpoint}},
	{key: "jwks_uri", as: &text{&oneAuthorizationServer.JWKSURI, readServerEndpoint}},
	{key: "response_types_supported", as: &textList{&oneAuthorizationServer.ResponseTypes, metadataWord, "code", `write for example ["code"]`}},
	{key: "grant_types_supported", as: &textList{into: &oneAuthorizationServer.GrantTypes, each: metadataWord, what: "authorization_code"}},
	{key: "token_endpoint_auth_methods_supported", as: &textList{into: &oneAuthorizationServer.TokenEndpointAuthMethods, each: metadataWord, what: "client_secret_basic"}},
	{key: "scopes_supported", as: &textList{into: &oneAuthorizationServer.Scopes, each: metadataWord, what: "mcp:query"}},
	{key: "service_documentation", as: &text{&oneAuthorizationServer.ServiceDocumentation, readWebURL}},

	{key: "cluster", as: &textAs{&oneAuthorizationServer.Cluster, readPlain, "auth"}},
	{key: "path", as: &text{&oneAuthorizationServer.Path, readMetadataPath}},
	{key: "timeout", as: &timeout{&oneAuthorizationServer.Timeout, "2s"}},
	{key: "cache", object: of(&metadataCacheFields), read: func(v *value, s *AuthorizationServer) {
		readObject(v, &metadataCacheFields, s)
	}},
	{key: "pkce", as: &boolean{&oneAuthorizationServer.PKCE}},
	{key: "openid", as: &boolean{&oneAuthorizationServer.OpenID}},
}}

var (
	firstFetched = of(&authorizationServerFields).index("cluster")
	// describedFields hold metadata of the configuration.
	describedFields = authorizationServerFields.rows[1:firstFetched]
	// fetchedFields say how the server's own metadata is fetched.
	fetchedFields = authorizationServerFields.rows[firstFetched:]
)

var metadataCacheFields = table[AuthorizationServer]{&oneAuthorizationServer, []field[AuthorizationServer]{
	{key: "for", as: &duration{&oneAuthorizationServer.For, "10m"}},
	{key: "stale", as: &duration{&oneAuthorizationServer.Stale, "1d"}},
}}

// readAuthorizationServers reads one server, or a list of them.
func readAuthorizationServers(v *value, d *draft) {
	if !v.json.IsArray() {
		readAuthorizationServer(v, extend(&d.AuthorizationServers))
		d.AuthorizationServers[0].Alone = true
		return
	}
	v.refuseEmpty("leave it out for no authorization server")
	for i, item := range makeRoom(&d.AuthorizationServers, v.items(maxAuthorizationServers)) {
		readAuthorizationServer(item, &d.AuthorizationServers[i])
	}
}

func readAuthorizationServer(v *value, s *AuthorizationServer) {
	fetched := v.has("cluster")
	if fetched {
		s.Timeout, s.For, s.Stale = 2*second, 10*minute, day
	} else {
		s.ResponseTypes, s.GrantTypes = []string{"code"}, []string{"authorization_code", "refresh_token"}
	}
	readObject(v, &authorizationServerFields, s)
	if !v.isObject() {
		return
	}
	if fetched {
		refuseFields(v, describedFields, "is metadata, which the server of the cluster has itself; remove it, or remove cluster")
		return
	}
	refuseFields(v, fetchedFields[1:], "is about the metadata of a cluster's server; remove it, or name the cluster")
	for _, key := range []string{"authorization_endpoint", "token_endpoint"} {
		if !v.has(key) {
			v.under(key, v.json).bad(`is missing; write the endpoint's URL, or "cluster" for the server's own metadata`)
		}
	}
}

// refuseFields reports the keys of an object that are among fields.
func refuseFields(v *value, fields []field[AuthorizationServer], message string) {
	for i := range fields {
		if found := v.member(fields[i].key); found.exists() {
			found.bad(message)
		}
	}
}

// readServerEndpoint reads a URL to which clients send secrets. It may have a query
// (RFC 6749 section 3.1).
func readServerEndpoint(v *value) string {
	text, ok := v.text("a URL as a string")
	if !ok {
		return ""
	}
	u, problem := splitURL(text)
	switch {
	case problem != "":
	case u.scheme != "https" && (u.scheme != "http" || !isLoopback(u.host)):
		problem = "is not https; write https (http is for localhost, 127.0.0.1 and [::1] only)"
	case u.fragment != "":
		problem = "has a fragment; remove it"
	}
	if problem != "" {
		v.bad("%q %s", text, problem)
		return ""
	}
	return text
}

// metadataWord accepts words of the metadata, which have no spaces but in response types
// such as "code id_token".
func metadataWord(v *value, text, example string) string {
	if text == "" || !isQuotable(text, ' ') {
		v.bad(`%q is no word of such a list; write for example "%s"`, text, example)
		return ""
	}
	return text
}

func readMetadataPath(v *value) string {
	text, ok := v.text("a path as a string")
	if !ok {
		return ""
	}
	path, query, _ := strings.Cut(text, "?")
	if problem := pathProblem(path); problem != "" || !isQuotable(query, '!') || strings.Contains(query, "#") {
		if problem == "" {
			problem = "has a character that no URL has; percent-encode it"
		}
		v.bad("%q %s", text, problem)
		return ""
	}
	return text
}

// ServerOf returns the place in AuthorizationServers of the first server that a
// resource names, by its place in OAuth; -1 if the configuration has none of them.
func (c *Config) ServerOf(resource int) int {
	for _, issuer := range c.OAuth[resource].AuthorizationServers {
		for i := range c.AuthorizationServers {
			if issuer == c.AuthorizationServers[i].Issuer {
				return i
			}
		}
	}
	return -1
}

// checkAuthorizationServers refuses a server that is there already.
func (d *draft) checkAuthorizationServers(out *violations) {
	for i := range d.AuthorizationServers {
		issuer := d.AuthorizationServers[i].Issuer
		for j := 0; j < i && issuer != ""; j++ {
			if strings.TrimSuffix(d.AuthorizationServers[j].Issuer, "/") == strings.TrimSuffix(issuer, "/") {
				out.add(at(d.serverPath(i)), "%q is the issuer of %s; remove one of them", issuer, element("authorization_server", j))
				break
			}
		}
	}
}

// warnAuthorizationServers warns of a server that no resource names.
func (c *Config) warnAuthorizationServers(warn *warnings) {
	for i := range c.AuthorizationServers {
		named := len(c.OAuth) == 0
		for j := range c.OAuth {
			named = named || indexOf(c.OAuth[j].AuthorizationServers, c.AuthorizationServers[i].Issuer) >= 0
		}
		if !named {
			warn.add(at(c.serverPath(i)), "%q is in authorization_servers of no resource, so that no client looks for it; "+
				"add it to a resource of oauth, in the same spelling", c.AuthorizationServers[i].Issuer)
		}
	}
}

// serverPath returns the path of a server's issuer.
func (c *Config) serverPath(i int) string {
	if c.AuthorizationServers[i].Alone {
		return "authorization_server.issuer"
	}
	return element("authorization_server", i) + ".issuer"
}
