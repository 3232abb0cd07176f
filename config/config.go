package config

// Config is a validated configuration. Every default is filled in, every duration
// is in milliseconds, every header name is in lower case, and nothing in it can
// fail on the request path. Get one from [Parse]; do not change it afterwards.
//
// The types of the fields stand in the files of their rooms: see the list in the
// package comment.
type Config struct {
	// Client says which address identifies the sender of a request.
	Client Client
	// Credentials names the places in which a request carries a credential.
	Credentials Credentials
	// Exempt requests belong to no surface, and the filter does nothing with them.
	// Exempt paths are compared exactly, letter case included, so that a near miss
	// cannot become a way around a surface. Default: "/", "/healthz", "/metrics",
	// everything below "/.well-known", and "/oauth/register".
	Exempt []Match
	// Surfaces are the guarded parts of the service. The first surface that matches
	// a request owns it. Default: the consent page, the token endpoint, the MCP
	// endpoint and the API of an OAuth-protected service.
	Surfaces []Surface
	// Identity lists the sources that can verify a caller. They are asked in order,
	// and the first that verifies the request decides. Default: none.
	Identity []Identity
	// UntrustedHeaders are removed from every request, so that clients cannot set
	// them. Default: the headers in which gateways usually pass an identity on, if
	// there are identity sources and none of them reads headers; otherwise none.
	// Danger: with an empty list, a service that trusts such headers trusts
	// everybody.
	UntrustedHeaders []string
	// Quotas are the rules that limit requests and their cost within a window. A
	// request must fit into every rule that applies to it. At most [MaxQuotas];
	// default: none.
	Quotas []Quota
	// Concurrency are the rules that limit requests in flight. A request must fit
	// into every rule that applies to it. Default: none.
	Concurrency []Concurrency
	// Burst makes parallel attempts of a client wait for each other.
	Burst Burst
	// Bypass exempts identities with certain roles from Quotas and Concurrency. Off
	// by default.
	Bypass Bypass
	// Scopes says which scopes operations need.
	Scopes Scopes
	// MCP says what the calls of MCP servers need and cost. Nil unless configured.
	MCP *MCP
	// QuotaService keeps budgets for the calls of MCP servers. Nil unless configured.
	QuotaService *QuotaService
	// Fleet is a service that counts for all proxies together. Nil unless configured.
	Fleet *Fleet
	// OAuth describes the services to OAuth clients, each as a resource. Default:
	// none.
	OAuth []OAuth
	// AuthorizationServers are those whose metadata the filter serves. Default: none.
	AuthorizationServers []AuthorizationServer
	// CORS says which web pages may read replies of the filter itself.
	CORS CORS
	// Headers says how responses report quotas.
	Headers Headers
	// Log says how clients appear in the log, and how often it is written.
	Log Log
	// Audit has decisions written to the log, one line each. Nil unless configured.
	Audit *Audit
	// Table is the size of the tables of counters.
	Table Table
	// Admin turns this instance into an operations endpoint, which guards nothing:
	// all other fields but Log are empty then. Nil otherwise, the default.
	Admin *Admin
	// HeadersStopIteration overrides what the filter finds out about
	// allow_on_headers_stop_iteration of Envoy's PluginConfig: whether it can hold a
	// request's headers until it has read the body. Where it cannot, the service
	// receives the headers of requests that the filter refuses because of their body.
	// Default: it finds out by the first such request. Danger: if it is true here and
	// false in Envoy, requests whose body the filter waits for hang.
	HeadersStopIteration StopIteration
}

// StopIteration says whether a request's headers can be held until its body was read.
type StopIteration uint8

// What the filter is told of it.
const (
	// StopIterationUnknown makes the filter find out.
	StopIterationUnknown StopIteration = iota
	// StopIterationAllowed and StopIterationMissing tell it.
	StopIterationAllowed
	StopIterationMissing
)

// Mode says what the filter does with a rule's decision. Default: ModeEnforce.
type Mode uint8

// The modes of a rule.
const (
	// ModeEnforce refuses requests.
	ModeEnforce Mode = iota
	// ModeShadow lets requests pass, and counts and reports those that the rule
	// would have refused. Danger: nothing is limited.
	ModeShadow
	// ModeOff ignores the rule. Danger: nothing is limited.
	ModeOff
)

var modes = []string{ModeEnforce: "enforce", ModeShadow: "shadow", ModeOff: "off"}
