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
	fresh   bool // a success need not be written again
}

// known asks the table for the credential's standing, once.
func (s *Stream) known(host Host) bool {
	st := &s.standing
	if !st.tracked || st.asked {
		return st.good
	}
	st.asked = true
	r, now, found := s.filter.table.Get(st.key, host)
	rule := &s.surface.Lockout
	st.good = found && r.Count < max(rule.KnownGood.Failures, 1)
	st.fresh = st.good && r.Count == 0 && r.WindowEnd-now > s.remembered()/2
	return st.good
}

func (s *Stream) remembered() int64 {
	if s.surface.Lockout.KnownGood.For > 0 {
		return s.surface.Lockout.KnownGood.For
	}
	return standingWithout
}

// succeed remembers the credential as a good one.
func (s *Stream) succeed(host Host) {
	s.known(host)
	if !s.standing.tracked || s.standing.fresh {
		return
	}
	until := s.remembered()
	s.filter.observe(s.filter.table.Update(s.standing.key, host.Now(),
		func(_ table.Record, _ uint8, now int64) (table.Record, bool) {
			return table.Record{WindowEnd: now + until}, true
		}))
}

// disgrace counts a failure against a credential that was known as good.
func (s *Stream) disgrace(now int64) {
	if !s.standing.good {
		return
	}
	limit := max(s.surface.Lockout.KnownGood.Failures, 1)
	s.filter.observe(s.filter.table.Update(s.standing.key, now,
		func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
			if r.Count++; r.Count >= limit {
				return table.Record{}, true
			}
			return r, true
		}))
}
