package lockout

import (
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Refused counts a refused request in the metric of its reason. The room of attempts
// refuses for the same reasons, and its refusals are counted here, too.
func (s *State) Refused(why *refusal.Refusal) {
	if s.rule == nil {
		return
	}
	switch why.Reason {
	case refusal.LockedOut:
		s.rule.lockedOut.Add(1)
	case refusal.RateLimited:
		s.rule.rateLimited.Add(1)
	}
}

// Words returns what a client is told that has to wait, because it is locked out or makes
// too many attempts at once.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	if s.rule == nil {
		return &refusal.Words{}
	}
	what := "Too many failed authentications."
	if why.Reason == refusal.RateLimited {
		what = "Too many attempts at once."
	}
	policy := s.rule.policy
	return &refusal.Words{
		Status: 429, GRPC: refusal.GRPCResourceExhausted, Code: jsonrpc.CodeRateLimited,
		Problem: refusal.AbnormalUsage, Message: refusal.TryAgain(what, why.Seconds),
		Violated: policy, RateLimit: text.Join(policy, ";r=0;t=", text.Int(why.Seconds)),
	}
}
