package config

// Introspection says how the filter asks an authorization server about tokens (RFC
// 7662). Times are in milliseconds.
type Introspection struct {
	// Cluster is the name of the authorization server's cluster in Envoy. Required.
	// Danger: with a name that Envoy does not know, there is never an answer.
	Cluster string
	// Scheme, Authority and Path are the parts of the endpoint's URL. Required. They
	// say how to address the server; the cluster says where it is, and whether the
	// connection is encrypted. Danger: without TLS, the secret and all tokens can be
	// read on the way.
	Scheme, Authority, Path string

	// ClientID identifies the filter to the server. Required.
	ClientID string
	// ClientSecret stands in the configuration or in a variable of the environment.
	// Required. Danger: in the configuration, Envoy's /config_dump shows it.
	ClientSecret string
	// Auth says where the id and the secret are sent.
	Auth ClientAuth
	// Timeout limits how long a request waits for an answer; 1 s to [MaxTimeout].
	// Default: 2 s. Danger: requests wait this long while the server hangs.
	Timeout int64

	// Audience must be in a token's aud, on every surface. Default: none, and the
	// surfaces of a resource refuse tokens whose aud names others only. Danger: without
	// it, other surfaces accept tokens for other services, unless the server refuses
	// them.
	Audience string

	// For limits how long an answer about an active token is used, at most until the
	// token expires; 1 s to 30 days. Default: 1 minute. Danger: a revoked token
	// passes for this long.
	For int64
	// InactiveFor is the same for other tokens. Default: 10 s. Danger: if it is
	// short, one bad token causes many look-ups.
	InactiveFor int64
	// Entries is the number of answers that each worker keeps about active tokens,
	// and again about others; 16 to 65536. Default: 4096. Danger: if there are fewer
	// than users at a time, there are more look-ups.
	Entries int

	// OnError says what follows if there is no answer.
	OnError OnError
}

// MaxTimeout is the longest time, in milliseconds, for which a request can wait
// for an answer.
const MaxTimeout = 30 * second

// ClientAuth is how the filter authenticates itself to the authorization server
// (RFC 6749 section 2.3.1).
type ClientAuth uint8

// The ways to authenticate.
const (
	// ClientSecretBasic sends a Basic credential in Authorization. The default.
	ClientSecretBasic ClientAuth = iota
	// ClientSecretPost sends form fields.
	ClientSecretPost
)

// OnError says what the filter does with a request whose caller could not be
// determined.
type OnError uint8

// The actions without an answer.
const (
	// OnErrorDeny refuses the request with 503. The default.
	OnErrorDeny OnError = iota
	// OnErrorAnonymous treats the request as if its token were inactive. Danger: on
	// surfaces with Require, valid tokens then count as failures and lock their
	// owners out.
	OnErrorAnonymous
)

const (
	endpointRemedy = `write for example {"cluster": "auth", "url": "https://auth.example.com/oauth/introspect", ` +
		`"client_id": "gateway", "client_secret_env": "INTROSPECTION_SECRET"}`
	introspectionURL = "https://auth.example.com/oauth/introspect"
)

var errorActions = []string{OnErrorDeny: "deny", OnErrorAnonymous: "anonymous"}

var introspectionFields = table[source]{&oneSource, []field[source]{
	sourceField,
	subjectField, tenantField, tierField, scopesField, rolesField,
	defaultTierField,
	{key: "endpoint", required: endpointRemedy, object: of(&endpointFields), read: readEndpoint},
	{key: "audience", as: &textAs{&oneSource.Introspection.Audience, readPlain, "https://api.example.com"}},
	{key: "cache", object: of(&introspectionCacheFields), read: func(v *value, s *source) {
		readObject(v, &introspectionCacheFields, &s.Introspection)
	}},
	{key: "on_error", as: &oneOf{(*uint8)(&oneSource.Introspection.OnError), errorActions}},
}}

var clientAuths = []string{ClientSecretBasic: "client_secret_basic", ClientSecretPost: "client_secret_post"}

var endpointFields = table[source]{&oneSource, []field[source]{
	{key: "cluster", required: `write the name of the authorization server's cluster, for example "auth"`, as: &textAs{&oneSource.Introspection.Cluster, readPlain, "auth"}},
	{key: "url", required: `write for example "` + introspectionURL + `"`, read: readEndpointURL},
	{key: "auth", as: &oneOf{(*uint8)(&oneSource.Introspection.Auth), clientAuths}},
	{key: "client_id", required: `write for example "gateway"`, as: &textAs{&oneSource.Introspection.ClientID, readPlain, "gateway"}},
	{key: "client_secret", as: &textAs{&oneSource.Introspection.ClientSecret, secretText, "client_secret_env"}},
	{key: "client_secret_env", as: &textAs{&oneSource.secretVariable, readPlain, "INTROSPECTION_SECRET"}},
	{key: "timeout", as: &timeout{&oneSource.Introspection.Timeout, "2s"}},
}}

var oneIntrospection Introspection

var introspectionCacheFields = table[Introspection]{&oneIntrospection, []field[Introspection]{
	{key: "for", as: &duration{&oneIntrospection.For, "1m"}},
	{key: "inactive_for", as: &duration{&oneIntrospection.InactiveFor, "10s"}},
	{key: "entries", as: &integer{&oneIntrospection.Entries, 16, 65536}},
}}

// introspect fills in the defaults. The claims are those of RFC 7662 section 2.2.
func (s *source) introspect() {
	s.Claims = Claims{Subject: []string{"sub"}, Scopes: []string{"scope"}}
	s.Introspection = Introspection{Timeout: 2 * second, For: minute, InactiveFor: 10 * second, Entries: 4096}
}

func readEndpoint(v *value, s *source) {
	readObject(v, &endpointFields, s)
	if v.isObject() {
		v.checkOneSecret("client_secret", "client_secret_env", "INTROSPECTION_SECRET")
	}
}

func readEndpointURL(v *value, s *source) {
	if e, ok := v.endpoint(introspectionURL); ok {
		i := &s.Introspection
		i.Scheme, i.Authority, i.Path = e.scheme, e.authority, e.path
	}
}

// readSecrets reads the secrets that stand in the environment.
func (d *draft) readSecrets(env []string, out *violations) {
	for i, name := range d.secretVariables {
		if name != "" {
			readSecret(env, name, identityPath(i, "endpoint.client_secret_env").String(), &d.Identity[i].Introspection.ClientSecret, out)
		}
	}
	if name := d.tokenVariable; name != "" {
		readSecret(env, name, "quota_service.endpoint.token_env", &d.QuotaService.Token, out)
	}
	if name := d.fleetVariable; name != "" {
		d.Fleet.readVariable(env, name, out)
	}
}

// checkIntrospection refuses a source that would never receive a token.
func (d *draft) checkIntrospection(s *Identity, i int, out *violations) {
	if s.Kind == IdentityIntrospection && indexOf(d.Credentials.Headers, "authorization") < 0 {
		out.add(identityPath(i, "source"), `"introspection" needs authorization among credentials.headers; add it there`)
	}
}
