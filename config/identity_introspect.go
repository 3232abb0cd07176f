package config

import "strconv"

// Introspection says how an authorization server is asked about tokens (RFC 7662).
type Introspection struct {
	// Cluster is Envoy's name of the server. Scheme, Authority and Path are what
	// its endpoint is called by.
	Cluster                 string
	Scheme, Authority, Path string

	ClientID, ClientSecret string
	Auth                   ClientAuth
	// Timeout in milliseconds, at most MaxTimeout.
	Timeout int64

	// Audience is what a token must be meant for; "" means anything.
	Audience string

	// For and InactiveFor are how long, in milliseconds, answers about active and
	// other tokens are remembered at the most, and Entries how many of each.
	For, InactiveFor int64
	Entries          int

	OnError OnError
}

// MaxTimeout is the longest time, in milliseconds, that a request waits for an
// answer.
const MaxTimeout = 30 * second

// ClientAuth is how a client authenticates itself at an authorization server (RFC
// 6749 section 2.3.1).
type ClientAuth uint8

// The ways.
const (
	ClientSecretBasic ClientAuth = iota
	ClientSecretPost
)

// OnError says what becomes of a request when it could not be found out who it
// comes from.
type OnError uint8

// What becomes of it.
const (
	// OnErrorDeny refuses it.
	OnErrorDeny OnError = iota
	// OnErrorAnonymous takes it for one that nobody verified.
	OnErrorAnonymous
)

const (
	endpointRemedy = `write for example {"cluster": "auth", "url": "https://auth.example.com/oauth/introspect", ` +
		`"client_id": "gateway", "client_secret_env": "INTROSPECTION_SECRET"}`
	introspectionURL = "https://auth.example.com/oauth/introspect"
)

var introspectionFields = []field[source]{
	sourceField,
	subjectField, tenantField, tierField, scopesField, rolesField,
	defaultTierField,
	{key: "endpoint", required: endpointRemedy, below: keysOf("", endpointFields), read: readEndpoint},
	{key: "audience", read: func(v value, s *source) { s.Introspection.Audience = readPlain(v, "https://api.example.com") }},
	{key: "cache", below: keysOf("", introspectionCacheFields), read: func(v value, s *source) {
		readObject(v, introspectionCacheFields, &s.Introspection)
	}},
	{key: "on_error", read: func(v value, s *source) {
		choose(v, []option[OnError]{{"deny", OnErrorDeny}, {"anonymous", OnErrorAnonymous}}, &s.Introspection.OnError)
	}},
}

var endpointFields = []field[source]{
	{key: "cluster", required: `write the name of the authorization server's cluster, for example "auth"`, read: func(v value, s *source) {
		s.Introspection.Cluster = readPlain(v, "auth")
	}},
	{key: "url", required: `write for example "` + introspectionURL + `"`, read: readEndpointURL},
	{key: "auth", read: func(v value, s *source) {
		choose(v, []option[ClientAuth]{
			{"client_secret_basic", ClientSecretBasic}, {"client_secret_post", ClientSecretPost},
		}, &s.Introspection.Auth)
	}},
	{key: "client_id", required: `write for example "gateway"`, read: func(v value, s *source) {
		s.Introspection.ClientID = readPlain(v, "gateway")
	}},
	{key: "client_secret", read: readClientSecret},
	{key: "client_secret_env", read: func(v value, s *source) { s.secretVariable = readPlain(v, "INTROSPECTION_SECRET") }},
	{key: "timeout", read: readTimeout},
}

var introspectionCacheFields = []field[Introspection]{
	{key: "for", read: func(v value, i *Introspection) { v.duration(&i.For, "1m") }},
	{key: "inactive_for", read: func(v value, i *Introspection) { v.duration(&i.InactiveFor, "10s") }},
	{key: "entries", read: func(v value, i *Introspection) { readInteger(v, &i.Entries, 16, 65536) }},
}

// introspect fills in what an answer holds by RFC 7662 section 2.2, and the rest.
func (s *source) introspect() {
	s.Claims = Claims{Subject: []string{"sub"}, Scopes: []string{"scope"}}
	s.Introspection = Introspection{Timeout: 2 * second, For: minute, InactiveFor: 10 * second, Entries: 4096}
}

func readEndpoint(v value, s *source) {
	if readObject(v, endpointFields, s) == nil {
		return
	}
	const one = `; write either client_secret or client_secret_env, for example "client_secret_env": "INTROSPECTION_SECRET"`
	switch literal, variable := v.member("client_secret").Exists(), v.member("client_secret_env").Exists(); {
	case literal && variable:
		v.bad("has two secrets" + one)
	case !literal && !variable:
		v.bad("has no secret" + one)
	}
}

// readEndpointURL takes http, too: within a mesh, encryption is the cluster's
// business.
func readEndpointURL(v value, s *source) {
	text, ok := v.text("a URL as a string, for example " + strconv.Quote(introspectionURL))
	if !ok {
		return
	}
	u, problem := splitURL(text)
	switch {
	case problem != "":
	case u.scheme != "https" && u.scheme != "http":
		problem = "is neither https nor http; write for example " + strconv.Quote(introspectionURL)
	case u.fragment != "":
		problem = "has a fragment; remove it"
	}
	if problem != "" {
		v.bad(quote(text) + " " + problem)
		return
	}
	i := &s.Introspection
	i.Scheme, i.Authority, i.Path = u.scheme, u.host, u.path
	if u.port != "" {
		i.Authority += ":" + u.port
	}
	if i.Path == "" {
		i.Path = "/"
	}
	i.Path += u.query
}

// readClientSecret does not repeat what it refuses.
func readClientSecret(v value, s *source) {
	text, ok := v.text("the secret as a string")
	if ok && !isPlain(text) {
		v.bad("is empty or has a control character; write the secret, or use client_secret_env")
	}
	s.Introspection.ClientSecret = text
}

func readTimeout(v value, s *source) {
	i := &s.Introspection
	v.duration(&i.Timeout, "2s")
	if i.Timeout > MaxTimeout {
		v.bad(quote(v.json.Str) + ` is out of range; write "1s" to "` + formatDuration(MaxTimeout) + `"`)
	}
}

// readSecrets takes from the environment the secrets that stand there.
func (d *draft) readSecrets(env []string, out *violations) {
	for i, name := range d.secretVariables {
		if name == "" {
			continue
		}
		v := variable{name, lookUp(env, name), out}
		if !isPlain(v.text) {
			v.bad("is missing, empty or has a control character; set it to the secret that " +
				identityPath(i, "endpoint.client_secret_env") + " names")
			continue
		}
		d.Identity[i].Introspection.ClientSecret = v.text
	}
}

// checkIntrospection refuses a source that never sees a token.
func (d *draft) checkIntrospection(s *Identity, i int, out *violations) {
	if s.Kind == IdentityIntrospection && indexOf(d.Credentials.Headers, "authorization") < 0 {
		out.add(identityPath(i, "source"), `"introspection" needs authorization among credentials.headers; add it there`)
	}
}
