package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/fleet"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// askFleet tells the fleet which counters concern the request, and asks it about those that
// it decides about. It tells whether the request waits for the answer.
func (s *Stream) askFleet() (waits bool) {
	f := s.filter
	if f.fleet == nil || s.fleet.Begun() {
		return false
	}
	s.fleet.Begin(f.fleet)
	if s.lockout.Counts() && s.surface.outcome.MayFail(s.presents) && !s.lockout.Excused() {
		s.watchFleet()
	}
	for i := range s.quota.Charges() {
		owed, ok := s.quota.Shared(i)
		if rule := f.fleet.Quota(owed.Quota, owed.Tier); ok && rule != nil {
			s.fleet.Charge(&fleet.Counter{Rule: rule, Shared: owed.Key, Local: owed.Local}, owed.Cost, i, owed.Enforced)
		}
	}
	// Without Asks, each request would allocate what Ask is called with.
	return s.fleet.Asks() && s.fleet.Ask(s.fleetTold)
}

// watchFleet tells the fleet which counters of failures concern the request.
func (s *Stream) watchFleet() {
	f, at, enforced := s.filter.fleet, s.surface.place, !s.surface.lockout.IsShadow()
	if rule := f.Client(at); rule != nil {
		c := counterOf(rule, s.lockout.SharedClient())
		s.fleet.Watch(&c, enforced)
	}
	if rule := f.Network(at); rule != nil {
		c := counterOf(rule, s.lockout.SharedNetwork())
		s.fleet.Watch(&c, enforced)
	}
	for i := range s.attempt.Targets() {
		if c, rule := s.attempted(i); rule != nil && !c.Slowed {
			counter := attemptCounterOf(rule, c)
			s.fleet.Watch(&counter, enforced)
		}
	}
}

// attempted returns the i-th counter that the request attempts, with its rule in the fleet,
// nil if it takes no part.
func (s *Stream) attempted(i int) (attempt.Shared, *fleet.Rule) {
	c, ok := s.attempt.Shared(i)
	if !ok {
		return c, nil
	}
	return c, s.filter.fleet.Key(s.surface.place, c.Place)
}

func counterOf(rule *fleet.Rule, c lockout.Shared) fleet.Counter {
	return fleet.Counter{Rule: rule, Shared: c.Key, Local: c.Local, Client: c.Client}
}

func attemptCounterOf(rule *fleet.Rule, c attempt.Shared) fleet.Counter {
	return fleet.Counter{Rule: rule, Shared: c.Key, Local: c.Local, Client: c.Client, Subject: c.Subject}
}

// fleetTold ends the wait for the fleet. The fleet room calls it.
func (s *Stream) fleetTold() {
	s.filter.host.Attend(s.ID)
	s.followFleet()
	s.resume()
}

// followFleet does what the fleet has said.
func (s *Stream) followFleet() proxy.Action {
	why, refused := s.decideFleet()
	if !refused {
		return s.pay()
	}
	s.fleet.GiveBack()
	s.lockout.Release(why.Now)
	s.concurrency.Leave(why.Now)
	s.quota.GiveBack(why.Now)
	return s.refuse(&why, s.heldBody())
}

// decideFleet tells whether what the fleet has said refuses the request.
func (s *Stream) decideFleet() (why refusal.Refusal, refused bool) {
	if why, refused = s.fleet.Check(); refused {
		return why, true
	}
	if s.fleet.Locks() {
		if why, refused = s.decideAccess(); refused {
			return why, true
		}
		if why, refused = s.attempt.TakeTurns(); refused && s.giveUp(&why) {
			return why, true
		}
	}
	asked, charged := s.fleet.Asked(), false
	for i := range asked {
		a := &asked[i]
		switch {
		case a.Charge < 0 || !a.Rule.Sync():
			continue
		case a.Heard:
			s.quota.Tell(a.Charge, !a.Over, a.Left, a.Until)
		default:
			s.quota.TellNothing(a.Charge)
		}
		charged = true
		if shadow, exceeded := s.quota.WatchShared(a.Charge); exceeded {
			s.watchLimit(&shadow)
		}
	}
	if charged {
		return s.quota.CheckShared()
	}
	return refusal.Refusal{}, false
}

// reportFailure tells the fleet of a failure that was counted here. network tells whether it
// counts for the client's network.
func (s *Stream) reportFailure(failure *lockout.Failure, network bool, now int64) {
	f, at := s.filter.fleet, s.surface.place
	if f == nil {
		return
	}
	if rule := f.Client(at); rule != nil && !failure.Repeats && (failure.Locks || now >= failure.LockedUntil) {
		c := counterOf(rule, s.lockout.SharedClient())
		f.Report(&c)
	}
	if rule := f.Network(at); rule != nil && network {
		c := counterOf(rule, s.lockout.SharedNetwork())
		f.Report(&c)
	}
	for i := range s.attempt.Targets() {
		if c, rule := s.attempted(i); rule != nil && c.Counted {
			counter := attemptCounterOf(rule, c)
			f.Report(&counter)
		}
	}
}

// refreshLockout looks now and then whether an operator has unlocked the client at another
// proxy.
func (s *Stream) refreshLockout(why *refusal.Refusal) {
	f := s.filter.fleet
	if f == nil || why.Reason != refusal.LockedOut || !s.lockout.Counts() {
		return
	}
	at := s.surface.place
	if rule := f.Client(at); rule != nil {
		c := counterOf(rule, s.lockout.SharedClient())
		f.LockedOut(&c)
	}
	if rule := f.Network(at); rule != nil {
		c := counterOf(rule, s.lockout.SharedNetwork())
		f.LockedOut(&c)
	}
	for i := range s.attempt.Targets() {
		if c, rule := s.attempted(i); rule != nil {
			counter := attemptCounterOf(rule, c)
			f.LockedOut(&counter)
		}
	}
}

// learn does in this proxy what a counter of the fleet says. The fleet room calls it.
func (f *Filter) learn(c *fleet.Counter, until, now int64) {
	at, key := c.Rule.Place()
	switch part := c.Rule.Part(); part {
	case config.FleetLockouts, config.FleetWide:
		shared := lockout.Shared{Key: c.Shared, Local: c.Local, Client: c.Client}
		if until == 0 {
			f.lockout.Rule(at).Unlock(&shared, now)
			return
		}
		f.lockout.Rule(at).Learn(&shared, part == config.FleetWide, until, now)
	case config.FleetKeys:
		shared := attempt.Shared{Place: key, Key: c.Shared, Local: c.Local, Client: c.Client, Subject: c.Subject}
		if until == 0 {
			f.attempt.Rule(at).Unlock(&shared, now)
			return
		}
		f.attempt.Rule(at).Learn(&shared, until, now)
	default:
		f.quota.Learn(c.Local, until, now)
	}
}

// hearFleet tells the rooms whether this proxy counts alone.
func (f *Filter) hearFleet() {
	alone := f.fleet.IsAlone()
	f.lockout.CountAlone(alone)
	f.attempt.CountAlone(alone)
}

// GRPCAnswered reports the answer to the gRPC call with this number, and its size.
func (f *Filter) GRPCAnswered(number uint32, size int) {
	if f.fleet != nil {
		f.fleet.Answered(number, size)
		f.hearFleet()
	}
}

// GRPCFailed reports that the gRPC call with this number ended without an answer, and its
// status: https://grpc.io/docs/guides/status-codes/
func (f *Filter) GRPCFailed(number, status uint32) {
	if f.fleet != nil {
		f.fleet.Failed(number, status)
		f.hearFleet()
	}
}
