package lockout

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// Failure is a failure that was counted. Times are in milliseconds.
type Failure struct {
	// LockedUntil is when the client's lockout ends or ended; 0 if there was none.
	LockedUntil int64
	// Locks tells whether this failure began the lockout.
	Locks bool

	// Repeats tells whether the client has failed with this guess before, so that the failure
	// was not counted.
	Repeats bool

	// lost tells whether the table could not store the failure.
	lost bool
	// count is the number of failures in the window that ends at windowEnd.
	count     uint32
	windowEnd int64
}

// Fail counts a failure of the client with a guess, at the time now. It ends the standing
// of a known-good credential that failed too often. [State.Report] has to follow.
func (s *State) Fail(guess *caller.Guess, now int64) Failure {
	if !s.counts {
		return Failure{}
	}
	if s.repeats(s.counter, s.rule.config, guess, now) {
		s.rule.repeated.Add(1)
		s.disgrace(now)
		return Failure{Repeats: true}
	}
	r, locks, stored := s.count(s.counter, s.rule.own(), now)
	s.rule.failures.Add(1)
	s.disgrace(now)
	return Failure{LockedUntil: r.LockedUntil, Locks: locks, lost: !stored, count: r.Count, windowEnd: r.WindowEnd}
}

// FailNetwork counts a failure of the client's network with a guess, at the time now, if
// the rule counts for networks. It reports the failure that locks the network out. It tells
// whether the failure counts for it: not during a lockout.
func (s *State) FailNetwork(guess *caller.Guess, now int64) (counts bool) {
	if !s.counts || !s.rule.hasWide() || s.repeats(s.wide, &s.rule.wide, guess, now) {
		return false
	}
	r, locks, _ := s.count(s.wide, s.rule.network(), now)
	if locks {
		s.rule.networkLockouts.Add(1)
		s.reportNetwork(&r, now)
	}
	return locks || now >= r.LockedUntil
}

// LockEarly locks the client out at the time now, although its failures have not
// reached the limit: for the rule's duration or, if it has none, until windowEnd. It
// returns when the lockout ends, and 0 if the client is locked out already or the table
// could not store the lockout. also is the counter that has to be forgotten when an
// operator ends the lockout.
func (s *State) LockEarly(windowEnd, now int64, also table.Key) (until int64) {
	if !s.counts {
		return 0
	}
	rule := &s.rule.early
	spread := s.spread(rule.Jitter, now)
	locked := false
	result := s.rule.room.table.Update(s.counter, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		if locked = at >= r.LockedUntil; locked {
			r = lock(r, rule, windowEnd, at, spread)
		}
		until = r.LockedUntil
		return r, locked
	})
	if !locked || result.Outcome != table.Stored {
		return 0
	}
	s.beginLockout(until, now, also)
	return until
}

// count counts a failure on one counter. A failure locks only if the table stored it.
func (s *State) count(key table.Key, rule *config.Lockout, now int64) (r table.Record, locks, stored bool) {
	spread := s.spread(rule.Jitter, now)
	result := s.rule.room.table.Update(key, now, func(old table.Record, floor uint8, at int64) (table.Record, bool) {
		r, locks = fail(old, floor, rule, at, spread)
		return r, true
	})
	stored = result.Outcome == table.Stored
	return r, locks && stored, stored
}

// spread returns a number of milliseconds up to jitter. It is a hash of the client and
// the time under the table's seed, so clients cannot predict it.
func (s *State) spread(jitter, now int64) int64 {
	if jitter == 0 {
		return 0
	}
	var name [caller.KeySize + 8]byte
	copy(name[:], s.client.Key[:])
	binary.LittleEndian.PutUint64(name[caller.KeySize:], uint64(now))
	return int64(s.rule.room.table.Hash(name[:]) % uint64(jitter+1))
}
