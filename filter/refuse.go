package filter

import (
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
)

// refuse answers the request with a refusal. body is the request's, nil if it is not at
// hand.
func (s *Stream) refuse(why *refusal.Refusal, body []byte) proxy.Action {
	s.surface.refused.Add(1)
	s.filter.host.SetReason(string(why.Reason))
	s.call.Refused(why)
	s.auditRefusal(why, false)
	s.refreshLockout(why)
	switch {
	case s.fleet.Refuses():
		s.filter.fleet.Refused(s.surface.place)
	case s.budget.Refuses():
		s.budget.Refused()
	case why.Reason == refusal.AuthDenied, why.Reason == refusal.StoreUnavailable:
		// The failure has a line of its own, and a request without a credential is
		// not worth one.
		s.identity.Refused(why)
		return s.answer(why, body)
	default:
		s.countRefusal(why)
	}
	s.reportRefusal("refusal", why)
	return s.answer(why, body)
}

// countRefusal tells the room that refuses.
func (s *Stream) countRefusal(why *refusal.Refusal) {
	switch why.Reason {
	case refusal.QuotaExceeded:
		s.quota.Refused()
	case refusal.OverCapacity:
		s.concurrency.Refused()
	case refusal.BypassDenied:
		s.bypass.Refused()
	case refusal.InsufficientScope:
		s.scope.Refused()
	case refusal.TierDenied, refusal.Malformed: // the call has counted it
	default:
		s.lockout.Refused(why)
	}
}

// answer sends the refusal.
func (s *Stream) answer(why *refusal.Refusal, body []byte) proxy.Action {
	to := s.recipient
	if s.call.NamesID() {
		to.Request = body
	}
	s.call.Address(&to, why.Reason)
	to.Quotas = append(s.quota.Headers(&s.client, &s.identity.Identity, why), s.budget.Headers()...)
	last := s.last(why)
	reply := last.Find(why, &to)
	if reply == nil {
		words := s.words(why)
		reply = s.filter.cors.Reply(words, why, &to)
		last.Keep(why, &to, reply)
	}
	return s.reply(reply)
}

// words are those of the room that refuses.
func (s *Stream) words(why *refusal.Refusal) *refusal.Words {
	if s.fleet.Refuses() {
		return s.fleet.Words(why)
	}
	if s.budget.Refuses() {
		return s.budget.Words(why)
	}
	switch why.Reason {
	case refusal.AuthDenied, refusal.StoreUnavailable:
		return s.identity.Words(why, s.surface.oauth.Challenge(s.identity.BlamesToken(), s.identity.IsForeign()))
	case refusal.QuotaExceeded:
		return s.quota.Words(why)
	case refusal.OverCapacity:
		return s.concurrency.Words(why)
	case refusal.BypassDenied:
		return s.bypass.Words()
	case refusal.InsufficientScope:
		return s.scope.Words(s.surface.oauth.StepUp(s.scope.Needed()))
	case refusal.TierDenied, refusal.Malformed:
		return s.call.Words(why)
	}
	return s.lockout.Words(why)
}

// last is where the last reply of this kind is kept, nil if none is.
func (s *Stream) last(why *refusal.Refusal) *refusal.Last {
	switch why.Reason {
	case refusal.LockedOut, refusal.RateLimited:
		return &s.surface.last
	case refusal.AuthDenied:
		return s.identity.Last()
	case refusal.QuotaExceeded:
		return s.quota.Last()
	}
	return nil
}

// refuseMalformed refuses a request that can be read in more than one way, or not at all.
func (s *Stream) refuseMalformed(words *refusal.Words) proxy.Action {
	why := refusal.Refusal{Reason: refusal.Malformed, Now: s.filter.host.Now()}
	s.filter.malformed.Add(1)
	s.auditRefusal(&why, false)
	s.reportRefusal("refusal", &why)
	s.filter.host.SetReason(string(why.Reason))
	to := s.recipient
	if to.Form == refusal.JSONRPCForm {
		to.Form = refusal.ProblemForm
	}
	to.Quotas = s.quota.Headers(&s.client, &s.identity.Identity, &why)
	return s.reply(s.filter.cors.Reply(words, &why, &to))
}

func (s *Stream) reply(reply *proxy.Reply) proxy.Action {
	s.replied = true
	s.filter.host.Reply(reply)
	return proxy.Pause
}

// reportRefusal writes a line about a refused request, or in shadow mode about one that
// would have been refused.
func (s *Stream) reportRefusal(what string, why *refusal.Refusal) {
	f := s.filter
	if !f.log.Allows(report.Decision, why.Now) {
		return
	}
	surface := ""
	if s.surface != nil {
		surface = s.surface.Name
	}
	line := f.log.About(what, surface, s.client.Prefix).Field("reason", string(why.Reason))
	if why.Rule != "" {
		line.Field("rule", why.Rule)
	}
	if why.Reason == refusal.BypassDenied {
		s.bypass.AppendIdentity(line, &s.identity.Identity)
	}
	if why.Seconds > 0 {
		line.Number("retry_after", why.Seconds)
	}
	f.log.Write(line)
}
