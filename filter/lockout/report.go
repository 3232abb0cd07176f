package lockout

import (
	"github.com/gatewarden/gatewarden/filter/caller"
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
	room := s.rule.room
	shared, fleet := s.rule.sharedClient(&s.client.Key)
	room.list.Put(register.Lockout{
		Key: s.counter, What: register.Client, Client: room.log.Client(s.client.Prefix), Also: also,
		Shared: shared, Fleet: fleet, Surface: s.rule.surface, Until: until,
	}, now)
}

// reportFailure writes the line of a failure.
func (s *State) reportFailure(f *Failure, why report.Cause, now int64) {
	log := s.rule.room.log
	if !log.Allows(report.Decision, now) {
		return
	}
	line := log.About("failure", s.rule.surface, s.client.Prefix).Field("reason", why.String())
	line = line.Number("failures", int64(f.count)).Number("limit", int64(s.rule.config.Failures))
	if f.Locks {
		line = line.Number("locked_for", refusal.SecondsUntil(f.LockedUntil, now))
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
	room, network := s.rule.room, s.network()
	key := caller.Key(network)
	shared, fleet := s.rule.sharedNetwork(&key)
	room.list.Put(register.Lockout{
		Key: s.wide, What: register.Network, Client: room.log.Client(network),
		Shared: shared, Fleet: fleet, Surface: s.rule.surface, Until: r.LockedUntil,
	}, now)
	if !room.log.Allows(report.Signal, now) {
		return
	}
	line := room.log.About("network lockout", s.rule.surface, network).Number("failures", int64(r.Count))
	room.log.Write(line.Number("locked_for", refusal.SecondsUntil(r.LockedUntil, now)))
}
