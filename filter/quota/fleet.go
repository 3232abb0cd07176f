package quota

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

// Where proxies count together, a quota is in one of two modes. In sync mode the fleet decides,
// whose answer the hall tells the room; the proxy's own counter notes what was admitted here,
// so that it can decide when there is no answer. In async mode the proxy's own counter decides,
// until the fleet says that nothing is left.

// exhaustedRule keeps the records of quotas of which nothing is left in the fleet apart.
var exhaustedRule = []byte("quota-fleet")

// part is how a quota takes part in the fleet.
type part uint8

const (
	apart part = iota
	asynchronous
	synchronous
)

// partOf returns how a quota takes part.
func partOf(f *config.Fleet, q *config.Quota) part {
	switch rule := f.Quota(q); {
	case rule == nil:
		return apart
	case rule.Mode == config.FleetSync:
		return synchronous
	}
	return asynchronous
}

// Shared is what a request owes to a counter that the proxies of a fleet share.
type Shared struct {
	// Quota is the place of the quota in the configuration, Tier that of the caller's tier
	// there, -1 if the quota has none for it.
	Quota, Tier int
	// Key is the counter's name in the fleet, Local its counter here.
	Key, Local table.Key
	Cost       uint32
	Enforced   bool
}

// Charges is the number of quotas that the request is charged to.
func (s *State) Charges() int { return len(s.charges) }

// Shared returns what the request owes to the i-th of them. It is not ok if the quota does
// not take part in the fleet, or the request costs nothing there.
func (s *State) Shared(i int) (owed Shared, ok bool) {
	c := &s.charges[i]
	if c.quota.part == apart || c.cost == 0 || c.limit == nil {
		return Shared{}, false
	}
	tier := -1
	for j := range c.quota.limits[:len(c.quota.limits)-1] {
		if &c.quota.limits[j] == c.limit {
			tier = j
		}
	}
	return Shared{Quota: c.quota.place, Tier: tier, Key: c.shared, Local: c.exhausted, Cost: c.cost, Enforced: i < s.enforced}, true
}

// waits tells whether the fleet decides about a charge, and has not yet.
func (c *charge) waits() bool { return c.quota.part == synchronous && !c.told && c.cost > 0 }

// Tell takes the answer of the fleet to the i-th charge: whether it fits, how much is left,
// and when the window ends.
func (s *State) Tell(i int, fits bool, left uint32, until int64) {
	if i >= len(s.charges) || s.charges[i].told {
		return
	}
	c := &s.charges[i]
	c.told = true
	if fits {
		s.rules.room.take(c, s.now)
	}
	c.Balance = algorithm.Balance{Left: left, Fits: fits, More: until}
}

// TellNothing decides the i-th charge without the fleet, which has given no answer: by the
// limit of this proxy alone.
func (s *State) TellNothing(i int) {
	if i >= len(s.charges) || s.charges[i].told {
		return
	}
	c := &s.charges[i]
	c.told = true
	f := s.rules.room.config.Fleet
	alone := f.Alone(f.Quota(c.quota.Quota), c.plan.Limit)
	if alone == config.NoLimit {
		c.Balance = algorithm.Balance{Left: c.plan.Limit, Fits: true, More: s.now}
		return
	}
	c.plan.Limit = alone
	s.rules.room.take(c, s.now)
}

// CheckShared tells whether one of the quotas refuses the request that the fleet has decided
// about.
func (s *State) CheckShared() (why refusal.Refusal, refused bool) {
	if !fit(s.charges[:s.enforced]) {
		return s.refuse(), true
	}
	s.reserve()
	return refusal.Refusal{}, false
}

// WatchShared is CheckShared for the i-th charge if it is to a quota in shadow mode.
func (s *State) WatchShared(i int) (why refusal.Refusal, exceeded bool) {
	if i < s.enforced || i >= len(s.charges) || s.charges[i].Fits {
		return refusal.Refusal{}, false
	}
	c := &s.charges[i]
	return refusal.Refusal{Reason: refusal.QuotaExceeded, Rule: c.quota.Name, Now: s.now, Seconds: refusal.SecondsUntil(c.More, s.now)}, true
}

// Learn notes that nothing is left of a counter in the fleet until a time.
func (r *Room) Learn(exhausted table.Key, until, now int64) {
	r.table.Update(exhausted, now, func(old table.Record, _ uint8, _ int64) (table.Record, bool) {
		old.LockedUntil = max(old.LockedUntil, until)
		return old, true
	})
}

// isExhausted tells whether nothing is left in the fleet for a charge. What costs nothing fits
// all the same.
func (r *Room) isExhausted(c *charge, cost uint32, now int64) bool {
	if c.quota.part != asynchronous {
		return false
	}
	r.moment.now = now
	record, at, found := r.table.Get(c.exhausted, &r.moment)
	if !found || at >= record.LockedUntil {
		return false
	}
	c.Balance = algorithm.Balance{Left: 0, Fits: cost == 0, More: record.LockedUntil}
	return true
}
