package quota

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// refuse returns the refusal of a request for which not all quotas have enough. Quotas of
// requests refuse first: a request that came too early costs no credits.
func (s *State) refuse() refusal.Refusal {
	s.exceeded = s.standing(s.now)
	t := &s.exceeded.first
	s.lookAtOthers(t.quota.Unit)
	why := refusal.Refusal{Reason: refusal.QuotaExceeded, Rule: t.quota.Name, Now: s.now}
	if !t.never() {
		t.seconds = max(t.seconds, 1)
		why.Seconds = t.seconds
	}
	return why
}

// lookAtOthers finds out how the quotas of the other unit stand that had enough: the
// request does not take what they have.
func (s *State) lookAtOthers(refuses config.Unit) {
	if s.exceeded.second.charge == nil {
		return
	}
	for i := range s.charges[:s.enforced] {
		if c := &s.charges[i]; c.quota.Unit != refuses && c.Fits {
			s.rules.room.look(c, 0, s.now)
		}
	}
	s.exceeded.second = s.standing(s.now).second
}

// Words returns what a refusal by a quota says. The sentence about requests has no
// singular: programs look for it.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	if t := &s.exceeded.first; t.charge != nil && t.quota.Unit == config.Credits {
		return s.budgetWords(why)
	}
	return &refusal.Words{
		Status: 429, GRPC: refusal.GRPCResourceExhausted, Code: jsonrpc.CodeRateLimited,
		Problem:  refusal.ExceededQuota,
		Message:  text.Join("Rate limit exceeded. Try again in ", text.Int(why.Seconds), " seconds."),
		Violated: s.violated(),
	}
}

// budgetWords says what the request costs, how much is left, and when there is enough.
func (s *State) budgetWords(why *refusal.Refusal) *refusal.Words {
	t := &s.exceeded.first
	due := refusal.Payment{
		Rule: t.quota.Name, Cost: t.cost, Left: text.Int(int64(t.Left)), Limit: t.limit.number,
		Never: t.never(), Violated: s.violated(),
	}
	return due.Words(why.Seconds)
}

// Last returns where the reply to a request is kept that a quota refused. It is nil if the
// reply says more than how the quotas stand: what the request costs, or which of several
// quotas refuse it.
func (s *State) Last() *refusal.Last {
	t := &s.exceeded.first
	if t.charge == nil || t.quota.Unit == config.Credits || s.enforced > 1 {
		return nil
	}
	return &s.rules.room.last
}

// violated lists the quotas that refused the request, as JSON strings.
func (s *State) violated() (list string) {
	for i := range s.charges[:s.enforced] {
		if c := &s.charges[i]; !c.Fits {
			list = text.Join(list, `,"`, c.quota.Name, `"`)
		}
	}
	return strings.TrimPrefix(list, ",")
}
