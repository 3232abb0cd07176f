package lockout

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// An attacker does not repeat a guess. With "repeats": "once", a wrong guess of a client
// counts once within the window: a program that retries an expired token, and a page whose
// requests all have the same expired session, lock nobody out.
//
// Each counted guess has a record that ends with the window, and only the update that
// creates the record counts the guess. A guess that the table cannot record counts.
// See RATIONALE.md, "Why may the same failure count only once?"

// NamesGuess tells whether the rule needs the guess of a failure, see [State.Fail].
func (r *Rule) NamesGuess() bool { return r.Counts() && r.config.CountOnce }

// repeats tells whether a guess was counted before, on the counter that rule counts on. It
// records the guess, and begins the window in which it counts. During a lockout nothing is
// told apart: whatever counts then changes nothing.
func (s *State) repeats(counter table.Key, rule *config.Lockout, guess *caller.Guess, now int64) bool {
	if !rule.CountOnce || !guess.IsKnown() {
		return false
	}
	end, locked := s.beginWindow(counter, rule, now)
	return !locked && !s.rule.room.table.First(s.repeatKey(counter, guess), end, now)
}

// beginWindow begins the window of a counter unless one is running, and returns its end.
func (s *State) beginWindow(counter table.Key, rule *config.Lockout, now int64) (end int64, locked bool) {
	s.rule.room.table.Update(counter, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		begun := begin(r, floor, rule, at)
		end, locked = begun.WindowEnd, at < r.LockedUntil
		return begun, begun != r
	})
	return end, locked
}

// hasFailed tells whether the client has failed with this guess within the window: then it
// needs no slot, because its failure counts no more.
func (s *State) hasFailed(guess *caller.Guess) bool {
	if !s.rule.config.CountOnce || !guess.IsKnown() {
		return false
	}
	room := s.rule.room
	_, _, found := room.table.Get(s.repeatKey(s.counter, guess), room.clock)
	return found
}

// repeatKey names the record of a client's guess on a counter.
func (s *State) repeatKey(counter table.Key, guess *caller.Guess) table.Key {
	var name [table.KeySize]byte
	return s.rule.room.table.Key(repeatRule, counter.Append(name[:0]), s.client.Key[:], guess[:])
}
