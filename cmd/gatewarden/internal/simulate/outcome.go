package simulate

import (
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	judge "github.com/gatewarden/gatewarden/filter/outcome"
)

// outcome is what the service's response said about the credential when the log was
// written.
type outcome uint8

const (
	// unclear: the service was not asked, or did not respond.
	unclear outcome = iota
	// failing: the credential was wrong.
	failing
	// succeeding: 2xx or 3xx.
	succeeding
	// other: the response says nothing about a credential.
	other
)

// outcomeOf judges a request that the filter refused, and whose response it therefore
// never saw. For other requests, its log lines have the outcome. presents tells whether
// the request presented a credential.
func outcomeOf(r *accesslog.Record, rule *judge.Rule, presents bool) outcome {
	fails := rule.IsFailure(r.Status, r.GRPC, presents)
	switch {
	case r.Refused || r.Status == 0:
		return unclear
	case !fails && rule.IsFailure(r.Status, r.GRPC, true):
		return other // it asked for a challenge
	case fails || r.Failure != "":
		return failing
	case r.GRPC > 0:
		return other
	case r.Status >= 200 && r.Status < 400:
		return succeeding
	}
	return other
}
