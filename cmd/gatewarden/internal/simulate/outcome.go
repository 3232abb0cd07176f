package simulate

import (
	"slices"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/config"
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

// unauthenticated is the status of gRPC.
const unauthenticated = 16

// outcomeOf judges a request that the filter did not let pass, and whose answer it
// therefore never saw. The filter's own judgement of the others is in its lines.
func outcomeOf(r *accesslog.Record, s *config.Surface) outcome {
	inHeader := s.Kind == config.KindAPI || s.Kind == config.KindMCP
	listed := slices.Contains(s.Lockout.Statuses, r.Status)
	if r.GRPC != accesslog.NoGRPC && r.Status == 200 {
		listed = r.GRPC == unauthenticated
	}
	switch {
	case r.Refused || r.Status == 0:
		return unclear
	case listed && inHeader && r.Credential == accesslog.Absent && !s.Lockout.CountAnonymous:
		return other
	case listed || r.Failure != "":
		return failing
	case r.GRPC > 0:
		return other
	case r.Status >= 200 && r.Status < 400:
		return succeeding
	}
	return other
}
