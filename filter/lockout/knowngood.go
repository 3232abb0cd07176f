package lockout

import "github.com/gatewarden/gatewarden/table"

// A credential that succeeded from a client is known as good there for some time. It is
// not held back among a burst of attempts and, if the configuration says so, passes
// while the client is locked out. The table has a keyed hash of it. The record has the
// lowest level, so that a full set evicts it first: then the credential is unknown.
// See RATIONALE.md, "Why does `known_good` keep hashes, and why per client?"

// standingWithout is how long, in milliseconds, a success is remembered where only the
// bound on pending attempts needs it, and known_good is not configured.
const standingWithout = 10 * 60 * 1000

// standing is what is known of the presented credential.
type standing struct {
	key     table.Key
	tracked bool // the rule needs to know
	asked   bool // the table was asked
	good    bool
}

// Known tells whether the presented credential is known as good. It asks the table
// once.
func (s *State) Known() bool {
	st := &s.standing
	if !st.tracked || st.asked {
		return st.good
	}
	st.asked = true
	room := s.rule.room
	r, _, found := room.table.Get(st.key, room.clock)
	st.good = found && r.Count < s.rule.goodFailures()
	return st.good
}

// goodFailures returns how many failures end the standing of a credential.
func (r *Rule) goodFailures() uint32 { return max(r.config.KnownGood.Failures, 1) }

// goodFor returns how long, in milliseconds, a credential is known as good.
func (r *Rule) goodFor() int64 {
	if r.config.KnownGood.For > 0 {
		return r.config.KnownGood.For
	}
	return standingWithout
}

// becomeGood records that the credential is known as good. It does not rely on what was
// known when the request came: the credential may have failed since.
func (s *State) becomeGood() {
	if s.standing.tracked {
		room := s.rule.room
		room.table.Renew(s.standing.key, s.rule.goodFor(), room.clock.Now())
	}
}

// disgrace counts a failure of a credential that is known as good. It does not rely on
// what was known when the request came: the table may not have been asked, or have
// changed since.
func (s *State) disgrace(now int64) {
	if !s.standing.tracked {
		return
	}
	limit := s.rule.goodFailures()
	s.rule.room.table.Update(s.standing.key, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		if r == (table.Record{}) {
			return r, false
		}
		if r.Count++; r.Count >= limit {
			return table.Record{}, true
		}
		return r, true
	})
}
