package quota

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// refuse returns the refusal of a request for which not all quotas have enough.
func (s *State) refuse() refusal.Refusal {
	t := s.tally(s.now)
	t.seconds = max(t.seconds, 1)
	s.exceeded = t
	return refusal.Refusal{Reason: refusal.QuotaExceeded, Rule: t.quota.Name, Seconds: t.seconds, Now: s.now}
}

// Words returns what a refusal by a quota says. The sentence has no singular: programs
// look for it.
func (s *State) Words(why *refusal.Refusal) refusal.Words {
	return refusal.Words{
		Status: 429, GRPC: refusal.GRPCResourceExhausted, Code: jsonrpc.CodeRateLimited,
		Problem:  refusal.ExceededQuota,
		Message:  "Rate limit exceeded. Try again in " + strconv.FormatInt(why.Seconds, 10) + " seconds.",
		Violated: s.violated(),
	}
}

// violated lists the quotas that refused the request, as JSON strings.
func (s *State) violated() (list string) {
	for i := range s.charges[:s.enforced] {
		if c := &s.charges[i]; !c.Fits {
			list += `,"` + c.quota.Name + `"`
		}
	}
	return strings.TrimPrefix(list, ",")
}
