package lockout

import (
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/table"
)

// Succeed records that the service accepted the credential. With known_good or a bound
// on pending attempts, the credential is now known as good; with reset_on_success, its
// failures are taken back.
func (s *State) Succeed() {
	s.becomeGood()
	if s.hasOwn {
		s.forgive()
	}
}

// remember counts a failure of the presented credential in the window of its client, so
// that its success can take back just that. The record has the lowest level, so that a
// full set evicts it first: losing it means that less is forgiven.
func (s *State) remember(windowEnd, now int64) {
	s.rule.room.table.Update(s.own, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		if r.WindowEnd != windowEnd {
			r = table.Record{WindowEnd: windowEnd}
		}
		r.Count = counter.Increment(r.Count)
		return r, true
	})
}

// forgive takes back the failures of a credential that has now succeeded: its own, from
// this client, in this window. A valid login between wrong guesses at other accounts
// clears nothing.
// See RATIONALE.md, "Why does a success not clear the client's failures?"
func (s *State) forgive() {
	room := s.rule.room
	r, now, found := room.table.Get(s.own, room.clock)
	if !found || r.Count == 0 {
		return
	}
	// The credential's record goes first, so that only one of two successes takes its
	// failures back.
	taken, ok := s.takeOwn(now)
	if !ok {
		return
	}
	rule := s.rule.config
	room.table.Update(s.counter, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		if r.WindowEnd != taken.WindowEnd {
			return r, false
		}
		return takeBack(r, taken.Count, rule, at)
	})
}

// takeOwn removes the credential's record and returns it. It is not ok if the record was
// gone, or the table could not remove it.
func (s *State) takeOwn(now int64) (taken table.Record, ok bool) {
	result := s.rule.room.table.Update(s.own, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		taken = r
		return table.Record{}, true
	})
	return taken, result.Outcome == table.Stored
}
