package filter

import "github.com/gatewarden/gatewarden/filter/report"

// fail counts a failed authentication.
func (s *Stream) fail(why report.Cause) {
	now, stuffing := s.filter.host.Now(), s.attempt.StuffingKey()
	failure := s.lockout.Fail(now)
	s.attempt.Fail(now)
	s.lockout.FailNetwork(now)
	found, lockedUntil := s.attempt.Stuff(now < failure.LockedUntil, now), int64(0)
	if found.Locks {
		lockedUntil = s.lockout.LockEarly(found.WindowEnd, found.Now, stuffing)
	}
	s.attempt.ReportStuffing(&found, lockedUntil)
	s.attempt.Spray(now)
	s.lockout.Report(&failure, why, stuffing, now)
}
