package lockout

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

// An attempt is pending from its request until its response was judged. A client may
// have as many pending attempts as it has failures left, plus the configured number:
// then a burst of parallel guesses gets no further than a sequence.
//
// Each slotPeriod has a record that counts the attempts that began in it. A record is
// gone two periods after it began, so that no slot leaks for longer, whatever becomes
// of its stream or its VM.
// See RATIONALE.md, "Why are pending attempts counted in periods of half a minute?"

// slotPeriod, in milliseconds, is the shortest time for which an attempt counts as
// pending when its response never comes.
const slotPeriod = 30_000

// slot is a place among a client's pending attempts.
type slot struct {
	key  table.Key
	held bool
}

// Admit takes a slot for the attempt, and refuses the request if there is none. It does
// nothing if the rule does not limit pending attempts, if the request has a slot, if its
// response cannot be a failure or counts no more, or if its credential is known as good.
// guess is what the request presents, as far as its headers tell. The slot has to be
// released when the response was judged, and when the request is refused for another
// reason.
//
// The slot is taken before the failures are read, and a failure is counted before its
// slot is released. So every failure whose slot is free again has been counted, and
// failures and pending attempts never add up to more than the limit.
func (s *State) Admit(guess *caller.Guess) (why refusal.Refusal, refused bool) {
	if !s.counts || s.rule.config.Pending == 0 || s.slot.held || !s.mayFail || s.Known() || s.hasFailed(guess) {
		return refusal.Refusal{}, false
	}
	pending, now := s.takeSlot()
	if pending <= s.allowed(now) {
		return refusal.Refusal{}, false
	}
	s.Release(now)
	s.refused = PendingLimit
	return refusal.Refusal{Reason: refusal.RateLimited, Seconds: 1, Now: now}, true
}

// allowed returns the number of attempts that may be pending at the time now, 0 if the
// client is locked out.
func (s *State) allowed(now int64) uint64 {
	rule, room := s.rule.own(), s.rule.room
	r, _, _ := room.table.Get(s.counter, room.clock)
	if now < r.LockedUntil {
		return 0
	}
	return uint64(failuresLeft(&r, rule, now)) + uint64(rule.Pending)
}

// takeSlot takes a slot, and returns the number of slots in use, including this one. If
// the table has no room, the number is the same, but there is no slot to release.
func (s *State) takeSlot() (pending uint64, now int64) {
	room := s.rule.room
	now = room.clock.Now()
	period := now / slotPeriod
	if before, _, found := room.table.Get(s.slotKey(period-1), room.clock); found {
		pending = uint64(before.Count)
	}
	s.slot.key = s.slotKey(period)
	var current uint32
	result := room.table.Update(s.slot.key, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		r.Count = counter.Increment(r.Count)
		r.WindowEnd = (period + 2) * slotPeriod
		current = r.Count
		return r, true
	})
	s.slot.held = result.Outcome == table.Stored
	return pending + uint64(current), now
}

// HoldsSlot tells whether the request has a slot that has to be released.
func (s *State) HoldsSlot() bool { return s.slot.held }

// Release releases the slot at the time now, if there is one.
func (s *State) Release(now int64) {
	if !s.slot.held {
		return
	}
	s.slot.held = false
	s.rule.room.table.Update(s.slot.key, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		if r.Count <= 1 {
			return table.Record{}, true
		}
		r.Count--
		return r, true
	})
}

func (s *State) slotKey(period int64) table.Key {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(period))
	return s.rule.room.table.Key(pendingRule, s.rule.name, s.client.Key[:], b[:])
}
