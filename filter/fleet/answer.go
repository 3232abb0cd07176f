package fleet

import (
	"github.com/gatewarden/gatewarden/filter/fleet/message"
	"github.com/gatewarden/gatewarden/filter/report"
)

// tell lets a request go on.
func (r *Room) tell(s *State) {
	told := s.told
	s.told, s.call = nil, nil
	told()
}

// told takes what the service says about an item.
func (r *Room) told(i *item, status *message.Status, at moment) {
	if i.kind.isReport() {
		r.delivery[delivered].Add(uint64(i.hits))
	}
	switch {
	case i.kind == confirm || i.kind == unlock:
		r.confirmed(i, r.unlocks(status), at)
	case status.Code == message.OverLimit && i.kind == spending:
		r.learn(&i.Counter, r.until(i.Rule, status, at), at.now)
	case status.Code == message.OverLimit:
		r.over(i, r.until(i.Rule, status, at), at)
	case i.kind != spending:
		r.note(&i.Counter, status, at)
	}
	if i.kind != confirm && i.kind != unlock {
		r.compare(i.Rule, status)
	}
}

// note notes when a counter has to be looked at again.
func (r *Room) note(c *Counter, status *message.Status, at moment) {
	due := c.Rule.length
	if status.Left < status.Limit {
		due = min(due, r.config.Refresh) // it has failed somewhere
	}
	r.memory.seen(c.Shared, at.now+due)
}

// until returns when the window ends that the service speaks of.
func (r *Room) until(u *Rule, status *message.Status, at moment) int64 {
	if u.length == u.unit && status.Reset > 0 && status.Reset <= u.unit {
		return at.now + status.Reset
	}
	_, ends := u.window(at)
	return ends
}

// answer takes the answer to what a request has asked. If it has gone, what it was charged is
// given back.
func (r *Room) answer(c *call, at moment) {
	s := c.asker
	if s == nil {
		if !c.confirms {
			r.read(c.asked, at)
		}
		r.giveBackAll(c.asked)
		return
	}
	if c.confirms {
		s.locks = r.readUnlocks(s.asked, at)
	} else if over := r.read(s.asked, at); over && r.askUnlocks(s, c, at) {
		return
	}
	s.settle()
	r.tell(s)
}

// read reads what the service says about the counters of a request, and tells whether one of
// failures is over its limit: then it has to be confirmed that nobody was unlocked.
func (r *Room) read(asked []Asked, at moment) (over bool) {
	next := 0
	for i := range asked {
		a := &asked[i]
		if !a.waits() {
			continue
		}
		status := &r.statuses[next]
		next++
		a.Heard = r.compare(a.Rule, status)
		a.Over, a.Left, a.Until = status.Code == message.OverLimit, status.Left, r.until(a.Rule, status, at)
		if a.Charge >= 0 {
			r.charged(a)
			continue
		}
		if a.Heard = a.Heard && !a.Over; a.Over {
			over = true
		} else {
			r.note(&a.Counter, status, at)
		}
	}
	return over
}

// readUnlocks reads what the service says about unlocks, and tells whether it locks somebody
// out.
func (r *Room) readUnlocks(asked []Asked, at moment) (locks bool) {
	next := 0
	for i := range asked {
		a := &asked[i]
		if !a.awaitsUnlocks() {
			continue
		}
		a.Heard = true
		found := item{Counter: a.Counter, kind: confirm, window: a.window, ends: a.Until, generation: a.generation, until: a.Until}
		locks = r.confirmed(&found, r.unlocks(&r.statuses[next]), at) || locks
		next++
	}
	return locks
}

// compare compares the limit that the service has with the configured one, and tells whether
// it has any. The log says once that they differ.
func (r *Room) compare(u *Rule, status *message.Status) (limited bool) {
	if status.HasLimit && status.Limit == u.limit && status.Unit.Length() == u.unit {
		return true
	}
	r.mismatches.Add(1)
	if !u.mismatched {
		u.mismatched = true
		has := "none"
		if status.HasLimit {
			has = limitText(status.Limit, status.Unit.Length())
		}
		r.log.Write(report.NewLine("fleet limit differs, print the domain file anew with gatewarden fleet").Field("rule", u.name).Field("service", has).
			Field("configuration", limitText(u.limit, u.unit)))
	}
	return status.HasLimit
}
