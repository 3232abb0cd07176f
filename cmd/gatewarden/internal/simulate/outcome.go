package simulate

import (
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	judge "github.com/gatewarden/gatewarden/filter/outcome"
)

// outcome is what the service made of a request, when the log was written.
type outcome uint8

const (
	// unclear: it was not asked, or did not answer.
	unclear outcome = iota
	// failing: the credential was wrong.
	failing
	// succeeding: 2xx or 3xx.
	succeeding
	// other answers say nothing of a credential.
	other
)

// outcomeOf judges a request that the filter did not let pass, and whose answer it
// therefore never saw. The filter's own judgement of the others is in its lines.
// presents tells whether the request presented a credential.
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
