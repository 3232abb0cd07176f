package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// Failure keys count by what is attempted instead of by who attempts: the account
// or the credential, of one client or of all. To lock an account for everybody
// would be a weapon against its owner, so by default attempts on it are only
// slowed down: one may pass, then none for a while that doubles with each failure.

// firstDelay and longestDelay, in milliseconds, bound the wait between two
// attempts that are slowed down. NIST SP 800-63B-4 section 3.2.2 names waits from
// 30 seconds on.
const (
	firstDelay   = 1_000
	longestDelay = 30_000
)

// attempted are the counters of a request's failure keys.
type attempted struct {
	keys  [config.MaxKeys]table.Key
	named [config.MaxKeys]bool
}

// needsAccount tells whether a failure key waits for an account that only the
// body can tell.
func (s *Stream) needsAccount() bool {
	for i, k := range s.surface.Lockout.Keys {
		if k.By == config.ByAccount && !s.attempted.named[i] {
			return true
		}
	}
	return false
}

// nameAttempt names the counters of the keys of one kind.
func (s *Stream) nameAttempt(by config.KeyPart, what []byte) {
	f := s.filter
	for i, k := range s.surface.Lockout.Keys {
		if k.By != by {
			continue
		}
		var who []byte
		if k.Client {
			who = s.client.key[:]
		}
		s.attempted.keys[i] = f.table.Key(keyRule, s.surface.name, []byte{byte(i)}, who, what)
		s.attempted.named[i] = true
	}
}

// checkKeys tells whether one of the failure keys refuses the request. An attempt
// that is slowed down takes its turn here, so this is asked last, and all keys
// before any turn is taken: who is refused takes none from others.
func (s *Stream) checkKeys(host Host) (why refusal, refused bool) {
	var slowed [config.MaxKeys]bool
	for i := range s.surface.Lockout.Keys {
		if !s.attempted.named[i] {
			continue
		}
		rule := &s.surface.Lockout.Keys[i]
		r, now, found := s.filter.table.Get(s.attempted.keys[i], host)
		switch {
		case !found || r.Count < rule.Failures || now >= r.WindowEnd:
		case rule.Lock:
			return refusal{ReasonLockedOut, secondsUntil(r.WindowEnd, now), now}, true
		case now < r.LockedUntil:
			return refusal{ReasonRateLimited, secondsUntil(r.LockedUntil, now), now}, true
		default:
			slowed[i] = true
		}
	}
	for i, slow := range slowed {
		if !slow {
			continue
		}
		now := host.Now()
		if until, mine := s.takeTurn(s.attempted.keys[i], &s.surface.Lockout.Keys[i], now); !mine {
			return refusal{ReasonRateLimited, secondsUntil(until, now), now}, true
		}
	}
	return refusal{}, false
}

// takeTurn lets one attempt pass and makes the next one wait.
func (s *Stream) takeTurn(key table.Key, rule *config.FailureKey, now int64) (until int64, mine bool) {
	s.filter.observe(s.filter.table.Update(key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		until, mine = r.LockedUntil, at >= r.LockedUntil
		if mine {
			r.LockedUntil = at + delay(r.Count, rule.Failures)
		}
		return r, mine
	}))
	return until, mine
}

// delay doubles with each failure beyond the limit.
func delay(count, limit uint32) int64 {
	length := int64(firstDelay)
	for ; count > limit && length < longestDelay; count-- {
		length *= 2
	}
	return min(length, longestDelay)
}

// countKeys counts a failure of what was attempted.
func (s *Stream) countKeys(now int64) {
	for i := range s.surface.Lockout.Keys {
		if !s.attempted.named[i] {
			continue
		}
		rule := &s.surface.Lockout.Keys[i]
		s.filter.observe(s.filter.table.Update(s.attempted.keys[i], now,
			func(r table.Record, floor uint8, at int64) (table.Record, bool) {
				return failKey(r, floor, rule, at), true
			}))
	}
}

// failKey counts one failure. A window of attempts that are slowed down lasts as
// long as they go on failing.
func failKey(r table.Record, floor uint8, rule *config.FailureKey, now int64) table.Record {
	if now >= r.WindowEnd {
		r = table.Record{Count: inherited(floor, rule.Failures), WindowEnd: now + rule.Window}
	}
	if !rule.Lock {
		r.WindowEnd = now + rule.Window
	}
	r.Count = increment(r.Count)
	r.Level = levelOf(r.Count, rule.Failures)
	if rule.Lock && r.Count >= rule.Failures {
		r.LockedUntil = r.WindowEnd
	}
	return r
}

// secondsUntil is the time until a moment in whole seconds, rounded up so that
// who waits so long is served.
func secondsUntil(until, now int64) int64 { return max((until-now+999)/1000, 1) }
