package budget

import (
	"strconv"

	"github.com/gatewarden/gatewarden/filter/refusal"
)

// Words returns what a refusal of the room says.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	if why.Reason == refusal.StoreUnavailable {
		const message = "This costs credits, and it cannot be found out at the moment whether there are enough."
		return refusal.NewUnavailable(refusal.TryAgain(message, why.Seconds))
	}
	due := refusal.Payment{Rule: why.Rule, Cost: s.cost, Violated: `"` + why.Rule + `"`}
	if s.balance.knowsLeft {
		due.Left = strconv.FormatUint(uint64(s.balance.left), 10)
	}
	if s.balance.knowsLimit {
		due.Limit = strconv.FormatUint(uint64(s.balance.limit), 10)
		due.Never = s.cost > s.balance.limit
	}
	return due.Words(why.Seconds)
}
