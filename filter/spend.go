package filter

import "github.com/gatewarden/gatewarden/table"

// A request spends its cost at every rule that it is held to, or at none: what one
// rule refuses must not use up the others. All but the first are looked at before
// anything is taken, and the first looks when it takes. If another worker was
// faster in between, what was taken is given back; until then, which is some
// microseconds, others may find less than there is. They never find more.
// See RATIONALE.md, "Why do several quotas look before they take?"

// spendQuotas spends what the request costs and tells whether it is refused.
func (s *Stream) spendQuotas(host Host) (why refusal, refused bool) {
	if len(s.charges) == 0 {
		return refusal{}, false
	}
	s.nameCharges()
	if len(s.charges) == 0 {
		return refusal{}, false
	}
	now := host.Now()
	if !s.takeAll(now) {
		return s.quotaRefusal(host, now), true
	}
	for i := s.enforced; i < len(s.charges); i++ {
		if c := &s.charges[i]; !s.take(c, now) {
			s.shadowed = true
			s.filter.reportRefusal(host, s, "shadow refusal", &refusal{
				reason: ReasonQuotaExceeded, rule: c.quota.Name, seconds: secondsUntil(c.more, now), now: now,
			})
		}
	}
	return refusal{}, false
}

// takeAll takes from all rules that are enforced, or from none.
func (s *Stream) takeAll(now int64) bool {
	due, fit := s.charges[:s.enforced], true
	for i := 1; i < len(due); i++ {
		s.look(&due[i], due[i].cost, now)
		fit = fit && due[i].fits
	}
	if !fit {
		s.look(&due[0], due[0].cost, now)
		return false
	}
	for i := range due {
		if !s.take(&due[i], now) {
			s.giveBack(due[:i], now)
			for j := range due {
				if j != i {
					s.look(&due[j], due[j].cost, now)
				}
			}
			return false
		}
	}
	return true
}

// look asks how a counter would stand if the cost were taken.
func (s *Stream) look(c *charge, cost uint32, now int64) {
	f := s.filter
	f.moment.now = now
	r, at, found := f.quotaTable.Get(c.key, &f.moment)
	if !found {
		r, at = table.Record{}, now
	}
	r, cut := curtail(c.quota.algorithm, r, c.limit.plan, at)
	_, c.balance = c.quota.algorithm.take(r, 0, c.limit.plan, cost, at)
	if cut {
		f.metrics.quotas.observe(f.quotaTable.Update(c.key, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
			r, _, changed := spend(c.quota.algorithm, r, floor, c.limit.plan, 0, at)
			return r, changed
		}))
	}
}

// moment is a clock that stands still.
type moment struct{ now int64 }

func (m *moment) Now() int64 { return m.now }

// take takes a cost from a counter, if there is enough. A table without a place
// for the counter refuses nobody: it counts that in a metric.
func (s *Stream) take(c *charge, now int64) bool {
	f := s.filter
	if c.cost == 0 {
		s.look(c, 0, now)
		return true
	}
	result := f.quotaTable.Update(c.key, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		var changed bool
		r, c.balance, changed = spend(c.quota.algorithm, r, floor, c.limit.plan, c.cost, at)
		c.taking = taking{c.cost, at, r.WindowEnd}
		return r, changed
	})
	f.metrics.quotas.observe(result)
	c.taken = c.fits && result.Outcome == table.Stored
	return c.fits
}

// giveBack gives back what was taken.
func (s *Stream) giveBack(charges []charge, now int64) {
	f := s.filter
	for i := range charges {
		c := &charges[i]
		if !c.taken {
			continue
		}
		c.taken = false
		f.metrics.quotas.observe(f.quotaTable.Update(c.key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
			return refund(c.quota.algorithm, r, c.limit.plan, c.taking, at), true
		}))
	}
}

// quotaRefusal is the refusal of a request that not all rules have enough for.
func (s *Stream) quotaRefusal(host Host, now int64) refusal {
	t := s.tally(host, now)
	t.seconds = max(t.seconds, 1)
	why := refusal{reason: ReasonQuotaExceeded, rule: t.quota.Name, seconds: t.seconds, now: now, tally: t}
	for i := range s.charges[:s.enforced] {
		if c := &s.charges[i]; !c.fits {
			why.violated += `,"` + c.quota.Name + `"`
		}
	}
	why.violated = why.violated[1:]
	return why
}

// countQuotas counts what became of the request at each rule. A rule that had
// enough for a request that another one refused counts nothing.
func (s *Stream) countQuotas(refused bool) {
	for i := range s.charges {
		c := &s.charges[i]
		switch {
		case refused && (c.fits || i >= s.enforced):
			continue
		case refused:
			c.quota.refused.add(1)
		case c.fits:
			c.quota.admitted.add(1)
		default:
			c.quota.shadowed.add(1)
		}
		if c.fallback {
			c.quota.unverified.add(1)
		}
	}
}
