package filter

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
)

// fail counts a failed authentication. repeats tells whether the client has failed with the
// same guess before, so that it does not count for the client.
func (s *Stream) fail(why report.Cause) (repeats bool) {
	now, guess, stuffing := s.filter.host.Now(), s.guess.Name(), s.attempt.StuffingKey()
	s.tellGuess(guess)
	failure := s.lockout.Fail(guess, now)
	s.attempt.Fail(guess, now)
	network := s.lockout.FailNetwork(guess, now)
	found, lockedUntil := s.attempt.Stuff(now < failure.LockedUntil, now), int64(0)
	if found.Locks {
		lockedUntil = s.lockout.LockEarly(found.WindowEnd, found.Now, stuffing)
	}
	s.attempt.ReportStuffing(&found, lockedUntil)
	s.attempt.Spray(guess, now)
	s.lockout.Report(&failure, why, stuffing, now)
	s.reportFailure(&failure, network, now)
	return failure.Repeats
}

// tellGuess tells the access log which failures present the same, where the same one counts
// once: by a hash under a secret key, which does not show what they present.
func (s *Stream) tellGuess(guess *caller.Guess) {
	if guess.IsKnown() {
		s.filter.host.SetGuess(s.filter.log.Hash(string(guess[:])))
	}
}
