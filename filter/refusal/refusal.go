// Package refusal has the closed list of reasons for which the filter refuses
// requests, and writes each refusal in the client's protocol: as an RFC 9457 problem,
// a JSON-RPC error, or a gRPC status.
//
// The room that refuses provides the [Words]; this package knows the forms.
package refusal

// Reason says why a request was refused. The list is closed: access logs, metrics and
// log lines know these words.
type Reason string

// The reasons.
const (
	LockedOut        Reason = "locked_out"
	RateLimited      Reason = "rate_limited"
	QuotaExceeded    Reason = "quota_exceeded"
	Malformed        Reason = "malformed"
	AuthDenied       Reason = "auth_denied"
	StoreUnavailable Reason = "store_unavailable"
	OverCapacity     Reason = "over_capacity"
	BypassDenied     Reason = "bypass_denied"
	// InsufficientScope and TierDenied refuse what the caller's scopes and tier do not
	// include.
	InsufficientScope Reason = "insufficient_scope"
	TierDenied        Reason = "tier_denied"
)

// details is the reason as response code details.
func (r Reason) details() string { return "gatewarden_" + string(r) }

// Refusal is a decision to refuse a request.
type Refusal struct {
	Reason Reason
	// Seconds until the request may be tried again; 0 if waiting does not help.
	Seconds int64
	// Now is when it was decided, on the proxy's clock in milliseconds.
	Now int64
	// Rule is the quota or limit that decided, "" for other rules.
	Rule string
}

// SecondsUntil returns the time from now until a moment in whole seconds, at least 1.
// It rounds up: a client that waits this long is served.
func SecondsUntil(moment, now int64) int64 { return max((moment-now+999)/1000, 1) }
