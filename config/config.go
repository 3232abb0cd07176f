package config

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

func readMode(v value, into *Mode) {
	choose(v, []option[Mode]{{"enforce", ModeEnforce}, {"shadow", ModeShadow}, {"off", ModeOff}}, into)
}
