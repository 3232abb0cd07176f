package quota

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

// A request spends its cost at every quota that holds for it, or at none: a request
// that one quota refuses must not use up the others. The room drafts all takings, and
// writes them if all quotas have enough. If another worker was faster in between, the
// room takes anew where that one has written, and gives back what it took if there is
// not enough any more. Until then, which is some microseconds, others may find less than
// there is. They never find more.
// See RATIONALE.md, "Why do several quotas look before they take?"

// draft is what a request is about to take from a counter.
type draft struct {
	table.Draft
	// record and at are what it was made of, the counter and the time.
	record table.Record
	at     int64
	// takes tells whether there is something to take.
	takes bool
}

// Spend spends what the request costs at the quotas that are enforced, and tells
// whether one of them refuses the request. Otherwise [State.Watch] must follow. After a
// refusal, Spend may be called again.
func (s *State) Spend(client *caller.Client, id *caller.Identity) (why refusal.Refusal, refused bool) {
	s.exceeded = standing{}
	if s.bill(client, id); len(s.charges) == 0 {
		return refusal.Refusal{}, false
	}
	s.now = s.rules.room.ports.Now()
	if !s.takeAll() {
		return s.refuse(), true
	}
	s.next = s.enforced
	return refusal.Refusal{}, false
}

// Watch charges the quotas in shadow mode. It stops at each quota that would have refused
// the request, with exceeded true; called again, it continues with the next one. exceeded
// is false when none is left.
func (s *State) Watch() (why refusal.Refusal, exceeded bool) {
	for s.next < len(s.charges) {
		c := &s.charges[s.next]
		s.next++
		if s.rules.room.take(c, s.now) {
			continue
		}
		why = refusal.Refusal{Reason: refusal.QuotaExceeded, Rule: c.quota.Name, Now: s.now}
		if !c.never() {
			why.Seconds = refusal.SecondsUntil(c.More, s.now)
		}
		return why, true
	}
	s.reserve()
	return refusal.Refusal{}, false
}

// GiveBack gives back what the request spent, because something else refuses it at the
// time now.
func (s *State) GiveBack(now int64) {
	s.Refund(s.reserved, now)
	s.giveBack(s.charges, now)
}

// takeAll takes from all quotas that are enforced, or from none.
func (s *State) takeAll() bool {
	r, due := s.rules.room, s.charges[:s.enforced]
	for len(r.drafts) < len(due) {
		r.drafts = append(r.drafts, draft{})
	}
	for i := range due {
		r.prepare(&due[i], &r.drafts[i], s.now)
	}
	if !fit(due) {
		for i := range due {
			r.putRight(&due[i], &r.drafts[i], s.now)
		}
		return false
	}
	for i := range due {
		if r.write(&due[i], &r.drafts[i], s.now) {
			continue
		}
		s.giveBack(due[:i], s.now)
		for j := range due {
			if j != i {
				r.look(&due[j], due[j].cost, s.now)
			}
		}
		return false
	}
	return true
}

// prepare determines the state of a counter after the cost, and drafts the taking.
func (r *Room) prepare(c *charge, d *draft, now int64) {
	if d.takes = r.takes(c, now); !d.takes {
		r.look(c, c.cost, now)
		return
	}
	r.charge, r.drafting = c, d
	r.table.Draft(&d.Draft, c.key, now, r.spend)
}

// takes tells whether a charge takes from the proxy's own counter, if there is enough.
func (r *Room) takes(c *charge, now int64) bool {
	return c.cost > 0 && !c.never() && !c.waits() && !r.isExhausted(c, c.cost, now)
}

// write takes what was drafted, or as much if the draft came too late, if there still is
// enough.
func (r *Room) write(c *charge, d *draft, now int64) bool {
	if !d.takes {
		return c.Fits
	}
	result, ok := r.table.Write(&d.Draft)
	if !ok {
		return r.take(c, now)
	}
	c.taken = c.Fits && result.Outcome == table.Stored
	return c.Fits
}

// putRight leaves the counter as it is, but for what must be stored all the same.
func (r *Room) putRight(c *charge, d *draft, now int64) {
	if !d.takes {
		return
	}
	if _, outdated := c.quota.algorithm.Look(d.record, c.plan, 0, d.at); outdated || d.Stepped {
		r.renew(c, now)
	}
}

// renew stores what must be stored of a counter, whatever it is asked for.
func (r *Room) renew(c *charge, now int64) {
	r.table.Update(c.key, now, func(record table.Record, floor uint8, at int64) (table.Record, bool) {
		record, _, changed := c.quota.algorithm.Spend(record, floor, c.plan, 0, at)
		return record, changed
	})
}

// look determines the state of a counter after the cost, without charging it.
func (r *Room) look(c *charge, cost uint32, now int64) {
	r.moment.now = now
	if cost > 0 && c.never() {
		r.look(c, 0, now)
		c.Fits = false
		return
	}
	if r.isExhausted(c, cost, now) {
		return
	}
	record, at, found := r.table.Get(c.key, &r.moment)
	if !found {
		record, at = table.Record{}, now
	}
	var outdated bool
	if c.Balance, outdated = c.quota.algorithm.Look(record, c.plan, cost, at); outdated {
		r.renew(c, now)
	}
	c.Fits = c.Fits || c.waits()
}

// never tells whether the cost is above the limit: no waiting helps then.
func (c *charge) never() bool { return c.cost > c.plan.Limit }

// moment is a clock that stands still.
type moment struct{ now int64 }

func (m *moment) Now() int64 { return m.now }

// take takes a cost from a counter if there is enough. If the table has no place for the
// counter, the request passes uncounted, and the table's metrics tell.
func (r *Room) take(c *charge, now int64) bool {
	if !r.takes(c, now) {
		r.look(c, c.cost, now)
		return c.Fits
	}
	r.charge, r.drafting = c, &r.alone
	result := r.table.Update(c.key, now, r.spend)
	c.taken = c.Fits && result.Outcome == table.Stored
	return c.Fits
}

// change spends the cost of a charge. It is a [table.Change], which is made once: each one
// made anew would be allocated.
func (r *Room) change(record table.Record, floor uint8, at int64) (next table.Record, changed bool) {
	c := r.charge
	r.drafting.record, r.drafting.at = record, at
	next, c.Balance, changed = c.quota.algorithm.Spend(record, floor, c.plan, c.cost, at)
	c.taking = algorithm.Taking{Cost: c.cost, At: at, Window: c.quota.algorithm.WindowOf(next)}
	return next, changed
}

func (s *State) giveBack(charges []charge, now int64) {
	for i := range charges {
		if c := &charges[i]; c.taken {
			c.taken = false
			s.rules.room.refund(c, c.cost, now)
		}
	}
}

// refund gives back a part of what was taken from a counter.
func (r *Room) refund(c *charge, part uint32, now int64) {
	plan := r.planOf(c.quota.kind, c.limit.Plan)
	r.table.Update(c.key, now, func(record table.Record, _ uint8, at int64) (table.Record, bool) {
		return c.quota.algorithm.Refund(record, plan, c.taking, part, at), true
	})
	c.taking.Cost -= min(part, c.taking.Cost)
}
