package filter

import "github.com/gatewarden/gatewarden/filter/report"

// fail counts a failed authentication. repeats tells that the client has failed with the
// same guess before, so that it does not count for the client.
func (s *Stream) fail(why report.Cause) (repeats bool) {
	now, guess, stuffing := s.filter.host.Now(), s.guess.Name(), s.attempt.StuffingKey()
	failure := s.lockout.Fail(&guess, now)
	s.attempt.Fail(&guess, now)
	s.lockout.FailNetwork(&guess, now)
	found, lockedUntil := s.attempt.Stuff(now < failure.LockedUntil, now), int64(0)
	if found.Locks {
		lockedUntil = s.lockout.LockEarly(found.WindowEnd, found.Now, stuffing)
	}
	s.attempt.ReportStuffing(&found, lockedUntil)
	s.attempt.Spray(&guess, now)
	s.lockout.Report(&failure, why, stuffing, now)
	return failure.Repeats
}
