package config

import (
	"net/netip"
)

// Config is a validated configuration: every default is filled in, every
// duration is in milliseconds, and nothing in it can fail on the request path.
// Get one from [Parse]; do not change it afterwards.
type Config struct {
	Client      Client
	Credentials Credentials
	// Exempt requests belong to no surface. An exempt path is compared
	// exactly, letter case included: a near miss must never become a way
	// around a surface.
	Exempt []Match
	// Surfaces in order: the first that matches a request owns it.
	Surfaces []Surface
	// Identity are the sources that say who a request comes from, in order: the
	// first that can verify it does.
	Identity []Identity
	// UntrustedHeaders, in lower case, are removed from every request.
	UntrustedHeaders []string
	// Quotas are the rules about how much may be asked for; at most MaxQuotas.
	Quotas []Quota
	// Concurrency are the limits on requests in flight; each that applies to a
	// request must have room for it.
	Concurrency []Concurrency
	// Bypass lets some identities ask not to be limited.
	Bypass Bypass
	// OAuth is nil when the service's discovery is not configured.
	OAuth *OAuth
	CORS  CORS
	// Headers say how clients are told about their quotas.
	Headers Headers
	Log     Log
	Table   Table
	// Admin makes the instance an operations endpoint, which guards nothing: beside
	// it there is only Log. Nil for all others.
	Admin *Admin
	// HeadersStopIteration tells that Envoy's PluginConfig has
	// allow_on_headers_stop_iteration set, so that a request's headers can be
	// held until its body was read.
	HeadersStopIteration bool
}

// Source says where the client's address comes from.
type Source uint8

// The sources of the client's address.
const (
	// SourceEnvoy is the address that Envoy trusts (source.address).
	SourceEnvoy Source = iota
	// SourceXFF walks X-Forwarded-For from the right past TrustedProxies.
	SourceXFF
	// SourceXFFFirst is the left-most entry of X-Forwarded-For.
	SourceXFFFirst
	// SourceHeader is a header that a trusted proxy sets.
	SourceHeader
)

// Client says who a request comes from.
type Client struct {
	Source Source
	// Header is the lower-case header name of SourceHeader.
	Header         string
	TrustedProxies []netip.Prefix
	// IPv4Prefix and IPv6Prefix are the lengths, in bits, to which addresses
	// are cut: all addresses of one prefix are one client.
	IPv4Prefix int
	IPv6Prefix int
	// Allow lists the clients that are never locked out and never counted.
	Allow []netip.Prefix
}

// Credentials names where a request carries a credential.
type Credentials struct {
	// Headers in lower case.
	Headers []string
	// Cookies by name, letter case as given.
	Cookies []string
}

// Match is one pattern for method and path.
type Match struct {
	// Path without its trailing slash (but "/" itself), in normal form.
	Path string
	// Prefix tells that Path matches itself and everything below it.
	Prefix bool
	// Methods in upper case; empty means every method.
	Methods []string
}

// Kind says what a failed authentication looks like on a surface.
type Kind uint8

// The kinds of surface.
const (
	KindAPI Kind = iota
	KindMCP
	KindOAuthToken
	KindOAuthConsent
)

// Surface is a named part of the service with counters of its own.
type Surface struct {
	Name    string
	Kind    Kind
	Match   []Match
	Lockout Lockout
	// Require refuses requests that no identity source verified.
	Require bool
}

// Mode says what becomes of a rule's decision.
type Mode uint8

// The modes of a rule.
const (
	// ModeEnforce refuses.
	ModeEnforce Mode = iota
	// ModeShadow counts and reports what it would have refused.
	ModeShadow
	// ModeOff does nothing.
	ModeOff
)

// Lockout is a surface's lockout rule.
type Lockout struct {
	// Failures is how many failures in Window lock a client out; 0 switches
	// the rule off.
	Failures uint32
	// Window, in milliseconds, begins with the first failure.
	Window int64
	// Duration of a lockout in milliseconds; 0 means until the window ends.
	Duration int64
	// Escalate makes repeated lockouts longer; its Factor is 0 when unset.
	Escalate Escalate
	// Statuses of responses that are failures.
	Statuses []int
	// CountAnonymous counts failures of requests without a credential, too
	// (kinds api and mcp).
	CountAnonymous bool
	// ResetOnSuccess lets a success take back the failures of the same
	// credential from the same client.
	ResetOnSuccess bool
	// Pending bounds the attempts of a client that are unanswered at once, to
	// the failures it has left plus Pending; 0 means no bound.
	Pending uint32
	// KnownGood lets credentials that succeeded pass a lockout; its For is 0
	// when unset.
	KnownGood KnownGood
	// Wide counts for whole networks, too; its Failures are 0 when unset.
	Wide Wide
	// Jitter is the most by which a lockout is made longer, in milliseconds,
	// by an amount that nobody can foresee.
	Jitter int64
	// Keys count failures by what was attempted; at most MaxKeys.
	Keys []FailureKey
	// AccountFields are the form fields that name the attempted account, the
	// first one that is there.
	AccountFields []string
	// Stuffing and Spraying count what is different among the failures; their
	// limits are 0 when unset.
	Stuffing Stuffing
	Spraying Spraying
	Mode     Mode
}

// MaxKeys is the most failure keys that a surface can have.
const MaxKeys = 4

// FailureKey counts failures by the attempted account or the presented
// credential, from one client or from all of them together.
type FailureKey struct {
	// Client tells that each client is counted for itself.
	Client bool
	By     KeyPart
	// Failures within Window, in milliseconds, are what is allowed.
	Failures uint32
	Window   int64
	// Lock refuses for the rest of the window; without it, attempts are slowed
	// down.
	Lock bool
}

// KeyPart is what an attempt is made on.
type KeyPart uint8

// The parts.
const (
	ByNothing KeyPart = iota
	ByAccount
	ByCredential
)

// Stuffing is one client that fails with that many different credentials within
// Window milliseconds. It is reported, and with Lock it locks the client out.
type Stuffing struct {
	Credentials uint32
	Window      int64
	Lock        bool
}

// Spraying is one account at which that many different clients fail within
// Window milliseconds. It is reported, and with Slow attempts on the account are
// slowed down.
type Spraying struct {
	Clients uint32
	Window  int64
	Slow    bool
}

// KnownGood are the credentials that succeeded from the client within the last
// For milliseconds. They pass while the client is locked out, until they fail
// Failures times.
type KnownGood struct {
	For      int64
	Failures uint32
}

// Wide is a second, wider address bucket with its own limit.
type Wide struct {
	IPv4Prefix, IPv6Prefix int
	Failures               uint32
}

// Escalate makes the n-th lockout in a row Factor times longer than the one
// before, up to Max; Forget after the end of a lockout the row begins anew.
type Escalate struct {
	Factor      float64
	Max, Forget int64
}

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

// APIKey is a key that the configuration knows by its hash, and whom it stands for.
type APIKey struct {
	ID     string
	SHA256 [32]byte
	// Subject is the ID unless something else is written.
	Subject, Tenant, Tier string
	Scopes, Roles         []string
	// Expires is in milliseconds since 1970; 0 means never.
	Expires int64
}

// Concurrency is a limit on the requests that are in flight at once.
type Concurrency struct {
	Name string
	// Surfaces that the rule applies to, by name; empty means all of them.
	Surfaces []string
	Per      Share
	// Limit is how many requests may be in flight; at most MaxConcurrency.
	Limit uint32
	// RetryAfter, in milliseconds, is when who is refused is told to come back.
	RetryAfter int64
	Mode       Mode
}

// MaxConcurrency is the most requests in flight that a rule can count.
const MaxConcurrency = 1<<16 - 1

// Bypass lets identities with one of the roles pass the limits on requests, where
// a request asks for it by a header. It does not concern lockouts.
type Bypass struct {
	// Header is the name in lower case, empty when the bypass is off.
	Header string
	Roles  []string
}

// Share is what has a limit of its own.
type Share uint8

// The shares.
const (
	// PerSurface counts each surface apart.
	PerSurface Share = iota
	// PerIdentity counts each identity apart and, where nobody was verified,
	// each client.
	PerIdentity
	// PerAll counts everything together.
	PerAll
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

// CORS says which origins may read the filter's own replies.
type CORS struct {
	// Any means every origin, without credentials.
	Any bool
	// Origins may read with credentials.
	Origins []string
}

// ClientForm is how a client appears in the log.
type ClientForm uint8

// The forms of a client in the log.
const (
	// ClientFull is the whole address or prefix.
	ClientFull ClientForm = iota
	// ClientTruncated is its /24 or /48.
	ClientTruncated
	// ClientHash is a keyed hash, stable as long as the table lives.
	ClientHash
)

// Log says what is written about clients, and how often.
type Log struct {
	Client ClientForm
	// PerSecond is the number of lines a second that one worker writes at
	// the most about failures and refusals, and again about attacks.
	PerSecond int
}

// Table is the size of the counter tables.
type Table struct {
	// Clients is how many counters of failures there are, Quotas how many of
	// quotas.
	Clients, Quotas int
}

// Admin says who may see and change what is locked out, at an operations endpoint.
type Admin struct {
	Tokens []AdminToken
	// Hosts are the names, in lower case, under which the endpoint is called, beside
	// addresses and localhost.
	Hosts []string
}

// AdminToken is a token that the configuration knows by its hash, and who holds it.
type AdminToken struct {
	ID     string
	SHA256 [32]byte
}
