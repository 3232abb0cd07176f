package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// How many different things fail together tells an attack from a mistake: a
// client that fails with many credentials tries a list of them, and an account at
// which many clients fail is tried from a botnet. One stale credential that a
// program retries all day is one.
//
// What is different is counted exactly. Each pair, of a client and a credential
// or of an account and a client, has a record of its own, and only the update
// that creates it counts the pair. All pairs of a counter end with its window, so
// that each window counts anew. The table knows hashes only.
//
// Beyond its limit a counter tells nothing more and takes no more pairs, unless
// each of them has a consequence: so a window takes hardly more records than its
// limit.

// distinct is a limit on how many pairs may come within a window.
type distinct struct {
	limit  uint32
	window int64
	// lasting makes the window begin anew when the limit is reached: from then
	// on it is as long as what slows down lasts.
	lasting bool
}

// countStuffing counts the credential with which the client failed. locked tells
// that the client is locked out.
func (s *Stream) countStuffing(host Host, locked bool, now int64) {
	rule, f := &s.surface.stuffing, s.filter
	if rule.limit == 0 || !s.nameStuffing() {
		return
	}
	counter := s.stuffingKey()
	running, now, ok := f.beginWindow(counter, rule, now)
	locks := s.surface.Lockout.Stuffing.Lock
	if !ok || running.Count >= rule.limit && (locked || !locks) {
		return
	}
	count := f.countPair(counter, s.stuffed, rule, running.WindowEnd, now)
	if count < rule.limit {
		return
	}
	if count == rule.limit {
		s.surface.stuffings.add(1)
	}
	var lockedUntil int64
	if locks {
		lockedUntil = s.lockEarly(running.WindowEnd, now)
	}
	if count == rule.limit || lockedUntil > 0 {
		f.reportStuffing(host, s, count, lockedUntil, now)
	}
}

func (s *Stream) stuffingKey() table.Key {
	return s.filter.table.Key(stuffingRule, s.surface.name, s.client.key[:])
}

// nameStuffing names the pair of client and credential, if a credential is known.
// On surfaces where the body is what logs in, that is the attempted account: a
// person mistypes a password, but does not try ten accounts.
func (s *Stream) nameStuffing() bool {
	if !s.surface.challenged() && len(s.accounts) > 0 {
		f := s.filter
		f.name = f.name[:0]
		for _, account := range s.accounts {
			f.name = appendPart(f.name, account)
		}
		s.nameStuffed()
	}
	return s.hasStuffed
}

// nameStuffed makes the pair of the credential whose name is in the scratch.
func (s *Stream) nameStuffed() {
	s.stuffed = s.filter.table.Key(stuffingPairRule, s.surface.name, s.client.key[:], s.filter.name)
	s.hasStuffed = true
}

// lockEarly locks the client out although its failures have not reached the
// limit, and returns until when. It returns 0 if the client is locked out
// already.
func (s *Stream) lockEarly(windowEnd, now int64) (until int64) {
	f, rule := s.filter, &s.surface.early
	spread := f.spread(s, rule.Jitter, now)
	var record table.Record
	locked := false
	result := f.table.Update(s.counter, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		if locked = at >= r.LockedUntil; locked {
			r = lock(r, rule, windowEnd, at, spread)
		}
		record = r
		return r, locked
	})
	f.observe(result)
	if !locked || result.Outcome != table.Stored {
		return 0
	}
	s.surface.lockouts.add(1)
	f.registerClient(s, &record, now)
	return record.LockedUntil
}

// countSpraying counts the client for each account at which it failed.
func (s *Stream) countSpraying(host Host, now int64) {
	if s.surface.spraying.limit == 0 {
		return
	}
	for _, account := range s.accounts {
		s.countSprayed(host, account, now)
	}
}

func (s *Stream) countSprayed(host Host, account string, now int64) {
	rule, f := &s.surface.spraying, s.filter
	counter := s.sprayingKey(account)
	running, now, ok := f.beginWindow(counter, rule, now)
	switch {
	case !ok:
	case running.Count < rule.limit:
		pair := f.table.Key(sprayingPairRule, s.surface.name, []byte(account), s.client.key[:])
		if f.countPair(counter, pair, rule, running.WindowEnd, now) == rule.limit {
			s.surface.sprayings.add(1)
			f.reportSpraying(host, s, account, now)
		}
	case rule.lasting:
		f.countKey(counter, &s.surface.slow, now) // which never locks
	}
}

func (s *Stream) sprayingKey(account string) table.Key {
	return s.filter.table.Key(sprayingRule, s.surface.name, []byte(account))
}

// beginWindow begins a counter's window unless one is running. It returns the
// counter and the time there, and false if the table has no place for it.
func (f *Filter) beginWindow(counter table.Key, rule *distinct, now int64) (running table.Record, at int64, ok bool) {
	result := f.table.Update(counter, now, func(r table.Record, floor uint8, clock int64) (table.Record, bool) {
		begins := clock >= r.WindowEnd
		if begins {
			r = beginDistinct(floor, rule, clock+rule.window)
		}
		running, at = r, clock
		return r, begins
	})
	f.observe(result)
	return running, at, result.Outcome == table.Stored || result.Outcome == table.Unchanged
}

func beginDistinct(floor uint8, rule *distinct, end int64) table.Record {
	count := inherited(floor, rule.limit)
	return table.Record{Count: count, Level: levelOf(count, rule.limit), WindowEnd: end}
}

// countPair counts a pair in the window that ends at end, and returns how many
// pairs there are now. It returns 0 if the pair was there before.
//
// The pair goes first: of all workers only the one that creates its record goes
// on to count it, so that none is counted twice, and none is left out that has a
// record.
func (f *Filter) countPair(counter, pair table.Key, rule *distinct, end, now int64) (count uint32) {
	// The record matters least of all in a full set: to lose it is to count the
	// pair once more.
	created := f.table.Update(pair, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		return table.Record{WindowEnd: end}, r == table.Record{} && at < end
	})
	f.observe(created)
	if created.Outcome != table.Stored {
		return 0
	}
	result := f.table.Update(counter, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		if at >= end {
			return r, false // its window is over
		}
		if at >= r.WindowEnd {
			r = beginDistinct(floor, rule, end) // the counter was evicted meanwhile
		}
		r.Count = increment(r.Count)
		r.Level = levelOf(r.Count, rule.limit)
		if rule.lasting && r.Count == rule.limit {
			r.WindowEnd = at + rule.window
		}
		count = r.Count
		return r, true
	})
	f.observe(result)
	if result.Outcome != table.Stored {
		return 0
	}
	return count
}

// readyDistinct makes the surface's distinct counting ready for the request path.
func (s *surface) readyDistinct() {
	stuffing, spraying := &s.Lockout.Stuffing, &s.Lockout.Spraying
	s.stuffing = distinct{limit: stuffing.Credentials, window: stuffing.Window}
	s.spraying = distinct{limit: spraying.Clients, window: spraying.Window, lasting: spraying.Slow}
	s.early = s.Lockout
	s.early.Window = stuffing.Window
	s.slow = config.FailureKey{By: config.ByAccount, Failures: spraying.Clients, Window: spraying.Window}
}
