package filter

import (
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// check asks the rooms about the request and does what they say.
func (s *Stream) check() proxy.Action {
	why, refused := s.decide()
	return s.follow(&why, refused)
}

// follow does what was decided.
func (s *Stream) follow(why *refusal.Refusal, refused bool) proxy.Action {
	switch {
	case !refused && s.awaitsCall():
		return s.awaitCall()
	case !refused && s.identity.Open():
		return s.ask()
	case !refused && s.burst.Crowded():
		return s.wait()
	case !refused && s.awaitsAccount():
		return s.awaitAccount()
	case !refused:
		return s.reserve()
	}
	// A request that is refused is held with its form, because it may be free to go
	// by then. But it waits for one thing only: for its form, or for an answer about
	// its token.
	if s.readsID() && (!s.account.Reading() || !s.identity.Open()) {
		s.hold.held, s.hold.refused = true, true
		return s.stopHeaders()
	}
	s.account.Stop()
	return s.refuse(why, s.heldBody())
}

// decide tells whether the request is refused, and why. Quotas take their cost before the
// account in a body is known: a service that has the headers of a request may answer
// them.
func (s *Stream) decide() (why refusal.Refusal, refused bool) {
	s.attempt.NeedNoTurn() // a held request is asked about again
	if why, refused = s.decideAccess(); refused || s.identity.Open() {
		return why, refused
	}
	if why, refused = s.decideCall(); refused {
		s.lockout.Release(why.Now)
		return why, true
	}
	if s.call.Awaits() || s.isCrowded() {
		return refusal.Refusal{}, false
	}
	if why, refused = s.decideLimits(); refused {
		s.lockout.Release(why.Now)
		return why, true
	}
	if why, refused = s.attempt.TakeTurns(); refused {
		if refused = s.giveUp(&why); refused {
			s.quota.GiveBack(why.Now)
		}
	}
	return why, refused
}

// decideAccess tells whether the lockout or the gate refuses the request.
func (s *Stream) decideAccess() (why refusal.Refusal, refused bool) {
	if why, refused = s.decideFailures(); !refused || !s.surface.lockout.IsShadow() {
		return why, refused
	}
	if why.Reason == refusal.AuthDenied || why.Reason == refusal.StoreUnavailable {
		return why, true // by the gate, which has no shadow mode
	}
	s.account.Stop()
	s.attempt.NeedNoTurn()
	s.watch(&why)
	return s.decideIdentity()
}

// decideFailures tells whether the request is refused because of failures, or because
// it needs an identity.
func (s *Stream) decideFailures() (why refusal.Refusal, refused bool) {
	if why, refused = s.lockout.Check(); refused {
		return why, true
	}
	if why, refused = s.decideIdentity(); refused || !s.lockout.Counts() || s.lockout.Excused() {
		return why, refused
	}
	if why, refused = s.lockout.Admit(s.guess.Name()); refused || s.awaitsAccount() || s.identity.Open() {
		return why, refused
	}
	if why, refused = attempt.Check(&s.attempt, &s.lockout); refused {
		s.lockout.Release(why.Now)
	}
	return why, refused
}

// decideIdentity tells whether the gate refuses the request. The credential that it
// presents, if any, was wrong then: that counts once, however often this is asked.
func (s *Stream) decideIdentity() (why refusal.Refusal, refused bool) {
	if s.preflight {
		return refusal.Refusal{}, false
	}
	if why, refused = s.identity.Check(); !refused {
		return refusal.Refusal{}, false
	}
	if why.Reason == refusal.AuthDenied {
		if s.lockout.Counts() && s.presents {
			s.fail(s.identity.Cause())
		}
		s.lockout.StopCounting()
		s.outcome.Stop()
	}
	return why, true
}

// decideCall tells whether the request is refused for what it calls: by its path, by its
// headers, and by its body once that was read.
func (s *Stream) decideCall() (why refusal.Refusal, refused bool) {
	if why, refused = s.call.Check(); refused {
		return why, true
	}
	s.scope.Need(s.call.Scopes())
	s.budget.Price(s.call.Cost())
	if !s.identity.Verified && (s.scope.Any() || s.call.NeedsTier() || s.budget.NeedsPayer()) {
		s.identity.Demand()
		return s.decideIdentity()
	}
	if why, refused = s.scope.Check(&s.identity.Identity); refused {
		return why, true
	}
	return s.call.CheckTier(&s.identity.Identity)
}

// isCrowded tells whether the request has to wait, because its client has as many attempts
// in progress as failures left. A known-good credential is not a guess.
func (s *Stream) isCrowded() bool {
	switch {
	case s.lockout.Excused() || s.identity.Proves():
		s.burst.Excuse()
	case s.burst.Enter(s.lockout.Left()):
	case s.lockout.Known():
		s.burst.Excuse()
	default:
		return true
	}
	return false
}

// decideLimits tells whether a limit refuses the request, which then costs nothing.
func (s *Stream) decideLimits() (why refusal.Refusal, refused bool) {
	if s.bypass.Asked() {
		if why, refused = s.bypass.Decide(&s.client, &s.identity.Identity); refused {
			return why, true
		}
		if s.bypass.Granted() {
			s.quota.Drop()
			return refusal.Refusal{}, false
		}
	}
	if s.quota.Any() {
		s.quota.Price(s.call.Cost())
		if why, refused = s.quota.Spend(&s.client, &s.identity.Identity); refused {
			return why, true
		}
		for shadow, exceeded := s.quota.Watch(); exceeded; shadow, exceeded = s.quota.Watch() {
			s.watchLimit(&shadow)
		}
	}
	if why, refused = s.takePlaces(); refused {
		s.quota.GiveBack(why.Now)
	}
	return why, refused
}

// takePlaces takes the request's places among those in flight.
func (s *Stream) takePlaces() (why refusal.Refusal, refused bool) {
	if !s.concurrency.Limited() {
		return refusal.Refusal{}, false
	}
	id := &s.identity.Identity
	if why, refused = s.concurrency.Enter(&s.client, id); refused {
		return why, true
	}
	for shadow, exceeded := s.concurrency.Watch(&s.client, id); exceeded; shadow, exceeded = s.concurrency.Watch(&s.client, id) {
		s.watchLimit(&shadow)
	}
	return refusal.Refusal{}, false
}

// giveUp gives the places back of a request that is refused after it was charged, and
// tells whether it is refused: in shadow mode it passes.
func (s *Stream) giveUp(why *refusal.Refusal) (refused bool) {
	s.lockout.Release(why.Now)
	if s.surface.lockout.IsShadow() {
		s.watch(why)
		return false
	}
	s.concurrency.Leave(why.Now)
	return true
}

// watch reports once that a lockout in shadow mode would have refused the request.
func (s *Stream) watch(why *refusal.Refusal) {
	if !s.shadowed {
		s.watchLimit(why)
	}
}

// watchLimit reports that a rule in shadow mode would have refused the request.
func (s *Stream) watchLimit(why *refusal.Refusal) {
	s.shadowed = true
	s.auditRefusal(why, true)
	s.reportRefusal("shadow refusal", why)
}
