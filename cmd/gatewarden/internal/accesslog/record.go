// Package accesslog reads access logs: Envoy's, which are the JSON of envoy.yaml, of
// Istio and of Envoy Gateway and the default texts of Envoy and Istio; and those of other
// proxies, in the Common and Combined Log Format, HAProxy's HTTP format and that of AWS's
// Application Load Balancer, and the JSON of nginx, Traefik and Caddy.
package accesslog

import "github.com/gatewarden/gatewarden/filter/proxy"

// Record is one request with its response, as a line has it. Fields that the line lacks
// are empty. Its texts are parts of the line.
type Record struct {
	// Start is when the request came, Answered when its answer began, as far as
	// that is known, and Ended when it was over: in milliseconds since 1970. A log
	// is written in the order of Ended.
	Start, Answered, Ended int64
	// Client is the address that Envoy trusts, Forwarded X-Forwarded-For.
	Client, Forwarded string
	Method, Path      string
	// Authority is the host, with a port if the client named one.
	Authority string
	// Status is 0 where nothing was answered.
	Status int
	// GRPC is the status of a gRPC call, NoGRPC for everything else.
	GRPC int
	// Credential tells whether the request presented one, CredentialID which.
	Credential   Presence
	CredentialID string
	// Failure is why the filter counted a failure, such as invalid_grant.
	Failure string
	// Guess is the filter's hash of what a failing request presented. Failures with the
	// same one presented the same.
	Guess string
	// Subject, Tenant and Tier are those of a verified identity.
	Subject, Tenant, Tier string
	// Scopes are those of a verified identity, if ScopesKnown tells that the log has them.
	Scopes      string
	ScopesKnown bool
	// Call is the method of MCP that the request calls, Tool the name of the tool.
	Call, Tool string
	// Credits is what the calls of the request cost, -1 if the log does not say.
	Credits int64
	// Refused tells whether Gatewarden itself refused the request.
	Refused bool
	// Missing is what a line of its format does not tell.
	Missing Missing
	// Headers are the request headers that the log has.
	Headers []proxy.Header
}

// CallsMCP tells whether the log says what the request calls.
func (r *Record) CallsMCP() bool { return r.Call != "" || r.Tool != "" }

// NoGRPC means that the request was not a gRPC call.
const NoGRPC = -1

// Missing is a set of what a line does not tell of times.
type Missing uint8

// What may be missing.
const (
	// WholeSeconds: the line has no fraction of a second.
	WholeSeconds Missing = 1 << iota
	// NoDuration: it has one time, and not how long the request took.
	NoDuration
	// NoZone: it has no time zone, and was taken for UTC.
	NoZone
)

// Presence tells whether something was there.
type Presence uint8

// What a log may say of something.
const (
	Unknown Presence = iota
	Absent
	Present
)

// verdict is what a line is.
type verdict uint8

const (
	isRecord verdict = iota
	// isOther is a line of another log that is commonly in the same file.
	isOther
	// isNoRequest is about a connection that brought no request.
	isNoRequest
	isUnreadable
)
