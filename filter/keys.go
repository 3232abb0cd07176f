package filter

import (
	"slices"

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

// attempt is a failure key's counter for what a request attempts.
type attempt struct {
	key  table.Key
	rule *config.FailureKey
	// subject is the keyed hash of what is attempted, if the key locks.
	subject uint64
	inBody  bool // what is attempted was found in the body
	slowed  bool // it needs a turn
}

// attemptAccount notes an account that the request attempts. It may be two, one
// in the Authorization header and one in a form: which of them the service looks
// at is not known here, and the other could be a decoy. One that stands in both
// is one, in the body: else a header that the service does not look at would
// excuse guesses at the account that it repeats.
func (s *Stream) attemptAccount(account string, inBody bool) {
	switch {
	case account == "":
		return
	case slices.Contains(s.accounts, account):
		for i := range s.attempts {
			a := &s.attempts[i]
			a.inBody = a.inBody || inBody && a.rule.By == config.ByAccount
		}
		return
	}
	s.accounts = append(s.accounts, account)
	s.nameAttempt(config.ByAccount, []byte(account), inBody)
	if s.surface.Lockout.Spraying.Slow {
		s.attempts = append(s.attempts, attempt{key: s.sprayingKey(account), rule: &s.surface.slow, inBody: inBody})
	}
}

// nameAttempt names the counters of the keys of one kind.
func (s *Stream) nameAttempt(by config.KeyPart, what []byte, inBody bool) {
	for i := range s.surface.Lockout.Keys {
		rule := &s.surface.Lockout.Keys[i]
		if rule.By != by {
			continue
		}
		var who []byte
		if rule.Client {
			who = s.client.key[:]
		}
		key := s.filter.table.Key(keyRule, s.surface.name, []byte{byte(i)}, who, what)
		a := attempt{key: key, rule: rule, inBody: inBody}
		if rule.Lock {
			a.subject = s.filter.table.Hash(what)
		}
		s.attempts = append(s.attempts, a)
	}
}

// checkKeys tells whether one of the failure keys refuses the request, and which
// attempts need a turn.
func (s *Stream) checkKeys(host Host) (why refusal, refused bool) {
	for i := range s.attempts {
		a := &s.attempts[i]
		r, now, found := s.filter.table.Get(a.key, host)
		switch {
		case !found || r.Count < a.rule.Failures || now >= r.WindowEnd || s.excepts(host, a):
		case a.rule.Lock:
			return refusal{reason: ReasonLockedOut, seconds: secondsUntil(r.WindowEnd, now), now: now}, true
		case now < r.LockedUntil:
			return refusal{reason: ReasonRateLimited, seconds: secondsUntil(r.LockedUntil, now), now: now}, true
		default:
			a.slowed = true
		}
	}
	return refusal{}, false
}

// needNoTurn forgets which turns the request needs.
func (s *Stream) needNoTurn() {
	for i := range s.attempts {
		s.attempts[i].slowed = false
	}
}

// takeTurns takes a turn for each attempt that is slowed down. It is asked last,
// when nothing else refuses the request.
func (s *Stream) takeTurns(host Host) (why refusal, refused bool) {
	for i := range s.attempts {
		a := &s.attempts[i]
		if !a.slowed {
			continue
		}
		now := host.Now()
		if until, mine := s.takeTurn(a.key, a.rule, now); !mine {
			return refusal{reason: ReasonRateLimited, seconds: secondsUntil(until, now), now: now}, true
		}
	}
	return refusal{}, false
}

// excepts tells whether an attempt is made with a credential that is known as
// good. On surfaces where the body is what logs in, a good header says nothing
// about an account that stands there.
func (s *Stream) excepts(host Host, a *attempt) bool {
	return (!a.inBody || s.surface.challenged()) && s.known(host)
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
	for i := range s.attempts {
		if a := &s.attempts[i]; a.rule != &s.surface.slow { // which counts in its own way
			if record, locked := s.filter.countKey(a.key, a.rule, now); locked {
				s.filter.registerAttempt(s, a, &record, now)
			}
		}
	}
}

// countKey counts a failure on a key's counter and tells whether it is the one that
// locks.
func (f *Filter) countKey(key table.Key, rule *config.FailureKey, now int64) (record table.Record, locked bool) {
	result := f.table.Update(key, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		record = failKey(r, floor, rule, at)
		locked = rule.Lock && at >= r.LockedUntil && at < record.LockedUntil
		return record, true
	})
	f.observe(result)
	return record, locked && result.Outcome == table.Stored
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
