package filter

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/table"
)

// An attempt is pending from its request until its response was judged. A client
// may have no more of them at once than failures left, and a few more if the
// configuration says so: then a burst of parallel guesses gets no further than a
// sequence.
//
// The attempts are counted in a record for each slotPeriod. A record is gone two
// periods after it began, so that no slot leaks for longer, whatever becomes of
// its stream or its VM.

// slotPeriod, in milliseconds, is at least how long an attempt counts as pending
// when its response never comes.
const slotPeriod = 30_000

// slot is a taken place among a client's pending attempts.
type slot struct {
	key  table.Key
	held bool
}

// mayFail tells whether the response to the request can be a failure.
func (s *Stream) mayFail() bool {
	return s.credential || s.surface.Lockout.CountAnonymous || !s.surface.challenged()
}

// admit takes a slot and tells whether there was one.
//
// The slot is taken before the failures are read, and a failure is counted before
// its slot is given back. So whatever was given back before has been counted by
// now, and failures and pending attempts never add up to more than the limit.
func (s *Stream) admit(host Host) (admitted bool, now int64) {
	rule := &s.surface.Lockout
	if rule.Pending == 0 || s.slot.held || !s.mayFail() || s.known(host) {
		return true, 0
	}
	pending, now := s.takeSlot(host)
	r, _, _ := s.filter.table.Get(s.counter, host)
	if now >= r.LockedUntil && uint64(pending) <= uint64(failuresLeft(&r, rule, now))+uint64(rule.Pending) {
		return true, now
	}
	s.freeSlot(now)
	return false, now
}

// takeSlot takes a slot and returns how many are taken now.
func (s *Stream) takeSlot(host Host) (pending uint32, now int64) {
	now = host.Now()
	period := now / slotPeriod
	before, _, found := s.filter.table.Get(s.slotKey(period-1), host)
	if found {
		pending = before.Count
	}
	s.slot.key = s.slotKey(period)
	var current uint32
	result := s.filter.table.Update(s.slot.key, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		r.Count = increment(r.Count)
		r.WindowEnd = (period + 2) * slotPeriod
		current = r.Count
		return r, true
	})
	s.filter.observe(result)
	s.slot.held = result.Outcome == table.Stored
	return pending + current, now
}

// freeSlot gives the slot back, if there is one.
func (s *Stream) freeSlot(now int64) {
	if !s.slot.held {
		return
	}
	s.slot.held = false
	s.filter.observe(s.filter.table.Update(s.slot.key, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		if r.Count <= 1 {
			return table.Record{}, true
		}
		r.Count--
		return r, true
	}))
}

func (s *Stream) slotKey(period int64) table.Key {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(period))
	return s.filter.table.Key(pendingRule, s.surface.name, s.client.key[:], b[:])
}
