package lockout

import (
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Report reports a failure that [State.Fail] counted at the time now: in the log, and in
// the register if it began a lockout. Then it counts the failure of the credential, so
// that the credential's success can take it back. also is the counter that has to be
// forgotten when an operator ends the lockout, zero if there is none.
func (s *State) Report(f *Failure, why report.Cause, also table.Key, now int64) {
	if !s.counts {
		return
	}
	if f.Repeats {
		s.reportRepeat(why, now)
		return
	}
	if f.lost {
		s.reportLost(why, now)
		return
	}
	if f.Locks {
		s.beginLockout(f.LockedUntil, now, also)
	}
	s.reportFailure(f, why, now)
	if s.hasOwn {
		s.remember(f.windowEnd, now)
	}
}

// beginLockout counts a lockout of the client and lists it in the register.
func (s *State) beginLockout(until, now int64, also table.Key) {
	s.rule.lockouts.Add(1)
	client := s.SharedClient()
	s.rule.list(&client, register.Client, also, until, now)
}

// list lists the lockout of a client or a network in the register.
func (r *Rule) list(c *Shared, what register.What, also table.Key, until, now int64) {
	l := register.Lockout{Key: c.Local, What: what, Client: r.room.log.Client(c.Client), Also: also, Surface: r.surface, Until: until}
	if shared := r.room.shared; shared != nil {
		l.Shared, l.Fleet = c.Key, shared.Fleet
	}
	r.room.list.Put(l, now)
}

// reportFailure writes the line of a failure.
func (s *State) reportFailure(f *Failure, why report.Cause, now int64) {
	log := s.rule.room.log
	if !log.Allows(report.Decision, now) {
		return
	}
	line := log.About("failure", s.rule.surface, s.client.Prefix).Field("reason", why.String())
	line.Number("failures", int64(f.count)).Number("limit", int64(s.rule.config.Failures))
	if f.Locks {
		line.Number("locked_for", refusal.SecondsUntil(f.LockedUntil, now))
	}
	log.Write(line)
}

// reportRepeat writes the line of a failure that counts no more.
func (s *State) reportRepeat(why report.Cause, now int64) {
	if log := s.rule.room.log; log.Allows(report.Decision, now) {
		log.Write(log.About("repeated failure", s.rule.surface, s.client.Prefix).Field("reason", why.String()))
	}
}

// reportLost writes the line of a failure that the table could not store.
func (s *State) reportLost(why report.Cause, now int64) {
	if log := s.rule.room.log; log.Allows(report.Decision, now) {
		log.Write(log.About("uncounted failure", s.rule.surface, s.client.Prefix).Field("reason", why.String()))
	}
}

// reportNetwork lists the lockout of the client's network in the register, and writes
// its line.
func (s *State) reportNetwork(r *table.Record, now int64) {
	room, network := s.rule.room, s.SharedNetwork()
	s.rule.list(&network, register.Network, table.Key{}, r.LockedUntil, now)
	if !room.log.Allows(report.Signal, now) {
		return
	}
	line := room.log.About("network lockout", s.rule.surface, network.Client).Number("failures", int64(r.Count))
	room.log.Write(line.Number("locked_for", refusal.SecondsUntil(r.LockedUntil, now)))
}
