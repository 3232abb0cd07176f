package attempt

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// firstDelay and longestDelay, in milliseconds, bound the wait between two attempts
// that are slowed down. NIST SP 800-63B-4 section 3.2.2 names waits from 30 seconds on.
const (
	firstDelay   = 1_000
	longestDelay = 30_000
)

// Known tells whether the request's credential is known as good. It is the constraint of
// a type parameter: an interface value would make TinyGo describe in the module all that
// its type reaches, see package opaque.
type Known interface{ Known() bool }

// Check tells whether a failure key refuses the request: with LockedOut if the key
// locks, with RateLimited while a turn of another request lasts. It also finds out which
// turns the request needs. It asks for the standing of the credential only if a key has
// reached its limit.
func Check[K Known](s *State, known K) (why refusal.Refusal, refused bool) {
	for i := range s.targets {
		t := &s.targets[i]
		r, now, found := s.rule.room.table.Get(t.key, s.rule.room.clock)
		switch {
		case !found || r.Count < s.rule.limit(t) || now >= r.WindowEnd || excuses(s, known, t):
		case t.rule.Lock:
			t.refuses = true
			return refuse(refusal.LockedOut, r.WindowEnd, now), true
		case now < r.LockedUntil:
			t.refuses = true
			return refuse(refusal.RateLimited, r.LockedUntil, now), true
		default:
			t.slowed = true
		}
	}
	return refusal.Refusal{}, false
}

func refuse(reason refusal.Reason, until, now int64) refusal.Refusal {
	return refusal.Refusal{Reason: reason, Seconds: refusal.SecondsUntil(until, now), Now: now}
}

// excuses tells whether a credential that is known as good excuses the attempt. On
// surfaces where the body logs in, a good credential in the headers does not prove
// anything about an account in the body.
func excuses[K Known](s *State, known K, t *target) bool {
	return (!t.inBody || s.rule.surface.Kind.IsResource()) && known.Known()
}

// NeedNoTurn forgets which turns the request needs, and what refuses it: [Check] will
// be called again, or nothing is refused.
func (s *State) NeedNoTurn() {
	for i := range s.targets {
		s.targets[i].slowed, s.targets[i].refuses = false, false
	}
}

// TakeTurns takes a turn at each target that is slowed down, and refuses the request
// with RateLimited if another request has the turn. It comes last, after everything else
// that may refuse the request.
func (s *State) TakeTurns() (why refusal.Refusal, refused bool) {
	for i := range s.targets {
		t := &s.targets[i]
		if !t.slowed {
			continue
		}
		now := s.rule.room.clock.Now()
		if until, taken := s.rule.room.takeTurn(t, s.rule.limit(t), now); !taken {
			t.refuses = true
			return refuse(refusal.RateLimited, until, now), true
		}
	}
	return refusal.Refusal{}, false
}

// takeTurn lets one attempt pass and makes the next one wait. taken is false if another
// attempt passed before; then until is the end of its turn.
func (r *Room) takeTurn(t *target, limit uint32, now int64) (until int64, taken bool) {
	r.table.Update(t.key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		until, taken = r.LockedUntil, at >= r.LockedUntil
		if taken {
			r.LockedUntil = at + delay(r.Count, limit)
		}
		return r, taken
	})
	return until, taken
}

// delay returns the length of a turn in milliseconds. It doubles with each failure
// beyond the limit.
func delay(count, limit uint32) int64 {
	length := int64(firstDelay)
	for ; count > limit && length < longestDelay; count-- {
		length *= 2
	}
	return min(length, longestDelay)
}

// Fail counts a failure of everything that the request attempted with a guess, at the time
// now.
func (s *State) Fail(guess *caller.Guess, now int64) {
	for i := range s.targets {
		t := &s.targets[i]
		if t.rule == &s.rule.slow || s.repeats(t.key, t.rule, guess, now) {
			continue // Spray counts the slow ones
		}
		record, locks := s.rule.room.fail(t.key, t.rule, s.rule.limit(t), now)
		t.counted = locks || now >= record.LockedUntil || !t.rule.Lock
		if c, ok := s.Shared(i); ok && locks {
			s.rule.list(&c, record.LockedUntil, now)
		}
	}
}

// fail counts a failure and tells whether it is the one that locks.
func (r *Room) fail(key table.Key, rule *config.FailureKey, limit uint32, now int64) (record table.Record, locks bool) {
	result := r.table.Update(key, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		record = fail(r, floor, rule, limit, at)
		locks = rule.Lock && at >= r.LockedUntil && at < record.LockedUntil
		return record, true
	})
	return record, locks && result.Outcome == table.Stored
}

// fail counts one failure. A window that slows attempts down is prolonged by each
// failure. floor is the level of evicted records, see [table.Change].
func fail(r table.Record, floor uint8, rule *config.FailureKey, limit uint32, now int64) table.Record {
	r = begin(r, floor, rule, now)
	if !rule.Lock {
		r.WindowEnd = now + rule.Window
	}
	r.Count = counter.Increment(r.Count)
	r.Level = counter.Level(r.Count, limit)
	if rule.Lock && r.Count >= limit {
		r.LockedUntil = r.WindowEnd
	}
	return r
}

// begin begins a window at the time now, unless one is running.
func begin(r table.Record, floor uint8, rule *config.FailureKey, now int64) table.Record {
	if now < r.WindowEnd {
		return r
	}
	return table.Record{Count: counter.Inherited(floor, rule.Failures), WindowEnd: now + rule.Window}
}

// list lists the lockout of an account or a credential.
func (r *Rule) list(c *Shared, until, now int64) {
	key := &r.surface.Lockout.Keys[c.Place]
	l := register.Lockout{Key: c.Local, What: register.Account, Subject: c.Subject, Surface: r.surface.Name, Until: until}
	if key.By == config.ByCredential {
		l.What = register.Credential
	}
	if key.Client {
		l.Client = r.room.log.Client(c.Client)
	}
	if shared := r.room.shared; shared != nil {
		l.Shared, l.Fleet = c.Key, shared.Fleet
	}
	r.room.list.Put(l, now)
}
