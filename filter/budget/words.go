package budget

import (
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Words returns what a refusal of the room says.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	if why.Reason == refusal.StoreUnavailable {
		const message = "This costs credits, and it cannot be found out at the moment whether there are enough."
		return refusal.NewUnavailable(refusal.TryAgain(message, why.Seconds))
	}
	due := refusal.Payment{Rule: why.Rule, Cost: s.cost, Violated: text.Join(`"`, why.Rule, `"`)}
	if s.balance.knowsLeft {
		due.Left = text.Int(int64(s.balance.left))
	}
	if s.balance.knowsLimit {
		due.Limit = text.Int(int64(s.balance.limit))
		due.Never = s.cost > s.balance.limit
	}
	return due.Words(why.Seconds)
}
