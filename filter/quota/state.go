package quota

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/table"
)

// State is what a request owes to the quotas. The zero State owes nothing.
type State struct {
	rules *Rules
	// charges are the debts, the first enforced of them to quotas that are enforced,
	// the others to quotas in shadow mode. Of those that are enforced, the first requests
	// are to quotas of requests.
	charges            []charge
	requests, enforced int
	// credits are what the MCP calls of the request cost.
	credits uint32
	reservation
	// endpoint is a hash of the request's path, if a quota counts by it.
	endpoint uint64
	// now is when Spend ran, and next the charge with which Watch goes on.
	now  int64
	next int
	// exceeded is what the client is told if a quota refused the request.
	exceeded standing
}

// charge is what a request owes to a quota.
type charge struct {
	quota *quota
	cost  uint32
	// limit, plan and key are those of the caller, known once the identity is.
	limit    *allowance
	plan     algorithm.Plan
	key      table.Key
	fallback bool // see [View]

	// shared and exhausted are the names of the counter in the fleet, and of the record that
	// nothing is left there; told tells that the fleet was asked.
	shared, exhausted table.Key
	told              bool

	algorithm.Balance
	taking algorithm.Taking
	taken  bool
}

// Reset clears the state and keeps its memory.
func (s *State) Reset() {
	if s.rules != nil {
		*s = State{charges: s.charges[:0]}
	}
}

// Begin finds the quotas that hold for a request, and what it costs. rules is nil if the
// surface has none.
//
// As everywhere, a rule holds for a request if one reading of the request leads to it.
// But a quota overrides others only if all readings lead to it: otherwise a client
// could dress up a path to get around a limit.
func (s *State) Begin(rules *Rules, t *request.Target) {
	s.Reset()
	if rules == nil {
		return
	}
	s.rules = rules
	overridden := rules.overridden(t)
	var per config.Per
	for _, q := range rules.quotas {
		if overridden&q.bit != 0 || !q.mayBeFor(t) {
			continue
		}
		s.charges = append(s.charges, charge{quota: q, cost: q.costOf(t)})
		if per |= q.Per; q.Mode == config.ModeEnforce {
			s.enforced++
		}
	}
	s.next = len(s.charges)
	if per&config.PerPath != 0 {
		s.endpoint = rules.room.endpoint(t)
	}
}

// overridden returns the bits of the quotas that other quotas override.
func (r *Rules) overridden(t *request.Target) (bits uint64) {
	for _, q := range r.quotas {
		if q.overrides != 0 && q.isSurelyFor(t) {
			bits |= q.overrides
		}
	}
	return bits
}

// Price notes what the MCP calls of the request cost. Quotas of credits do not hold for a
// request that costs nothing.
func (s *State) Price(credits uint32) { s.credits = credits }

// Any tells whether a quota holds for the request, enforced or in shadow mode.
func (s *State) Any() bool { return len(s.charges) > 0 }

// Limited tells whether a quota that is enforced was asked about the request. A request
// that is held may get a response before: the proxy's own, if it waited for too long.
func (s *State) Limited() bool { return s.enforced > 0 && s.charges[0].limit != nil }

// Drop lets the request off: it bypasses the quotas.
func (s *State) Drop() { s.charges, s.requests, s.enforced, s.next = s.charges[:0], 0, 0, 0 }

// Passed counts that the request goes on to the service.
func (s *State) Passed() {
	for i := range s.charges {
		c := &s.charges[i]
		if c.Fits {
			c.quota.admitted.Add(1)
		} else {
			c.quota.shadowed.Add(1)
		}
		c.countFallback()
	}
}

// Refused counts that the request was refused, at each quota that had not enough for it.
func (s *State) Refused() {
	if s.rules == nil {
		return
	}
	s.rules.exceeded.Add(1)
	for i := range s.charges[:s.enforced] {
		if c := &s.charges[i]; !c.Fits {
			c.quota.refused.Add(1)
			c.countFallback()
		}
	}
}

func (c *charge) countFallback() {
	if c.fallback {
		c.quota.unverified.Add(1)
	}
}
