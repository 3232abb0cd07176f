package filter

import "github.com/gatewarden/gatewarden/table"

// A credential that succeeded from a client is known there as a good one for
// some time. It is not held back among a burst of attempts, and, if the
// configuration says so, passes while the client is locked out. The table has
// its keyed hash. The record matters least of all in a full set: to lose it is to
// treat the credential as unknown.

// standingWithout is how long, in milliseconds, a success is remembered for the
// sake of the bound on attempts alone, when known_good is not configured.
const standingWithout = 10 * 60 * 1000

// standing is what is known of the presented credential.
type standing struct {
	key     table.Key
	tracked bool // the surface wants to know
	asked   bool // the table was asked
	good    bool
}

// known asks the table for the credential's standing, once.
func (s *Stream) known(host Host) bool {
	st := &s.standing
	if !st.tracked || st.asked {
		return st.good
	}
	st.asked = true
	r, _, found := s.filter.table.Get(st.key, host)
	rule := &s.surface.Lockout
	st.good = found && r.Count < max(rule.KnownGood.Failures, 1)
	return st.good
}

func (s *Stream) remembered() int64 {
	if s.surface.Lockout.KnownGood.For > 0 {
		return s.surface.Lockout.KnownGood.For
	}
	return standingWithout
}

// succeed remembers the credential as a good one. What was known when the request
// came does not tell whether that is written already: the credential may have
// failed since.
func (s *Stream) succeed(host Host) {
	if !s.standing.tracked {
		return
	}
	s.filter.renew(s.standing.key, s.remembered(), host.Now())
}

// renew writes down that something holds for a time that begins now, unless more
// than half of such a time is left of it.
func (f *Filter) renew(key table.Key, length, now int64) {
	f.observe(f.table.Update(key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		fresh := r.Count == 0 && r.WindowEnd-at > length/2
		return table.Record{WindowEnd: at + length}, !fresh
	}))
}

// disgrace counts a failure against a credential that is known as good, by now:
// what was known when its request came may not have been asked, or have changed.
func (s *Stream) disgrace(now int64) {
	if !s.standing.tracked {
		return
	}
	limit := max(s.surface.Lockout.KnownGood.Failures, 1)
	s.filter.observe(s.filter.table.Update(s.standing.key, now,
		func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
			if r == (table.Record{}) {
				return r, false
			}
			if r.Count++; r.Count >= limit {
				return table.Record{}, true
			}
			return r, true
		}))
}
