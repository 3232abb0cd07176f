package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/audit"
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// auditPass keeps that the request passes: a line for each message of it. A preflight asks
// for nothing yet.
func (s *Stream) auditPass() {
	if s.preflight || !s.audit.Keeps(config.AuditAllowed) {
		return
	}
	var d audit.Decision
	s.describe(&d, config.AuditAllowed)
	asked := s.call.Asked()
	for i := range asked {
		about(&d, &asked[i])
		s.audit.Write(&d)
	}
	if len(asked) == 0 {
		s.audit.Write(&d)
	}
}

// auditRefusal keeps that the request is refused, or in shadow mode would have been. That is
// one line for all of its messages: a client must not fill the log with what it is refused.
func (s *Stream) auditRefusal(why *refusal.Refusal, shadow bool) {
	outcome := audit.OutcomeOf(why.Reason)
	if !s.audit.Keeps(outcome) {
		return
	}
	var d audit.Decision
	s.describe(&d, outcome)
	if asked := s.call.Asked(); len(asked) == 1 {
		about(&d, &asked[0])
	}
	d.Cost, d.Reason, d.Shadow = s.call.Cost(), why.Rule, shadow
	switch {
	case why.Reason == refusal.BypassDenied:
		d.Reason = string(why.Reason)
	case why.Reason == refusal.AuthDenied && s.identity.IsForeign():
		d.Reason = s.identity.Cause().Code
	}
	s.audit.Write(&d)
}

// auditRefunds keeps which calls failed, so that their credits were given back.
func (s *Stream) auditRefunds() {
	failed := s.call.Failed()
	for i := range failed {
		if s.audit.Keeps(config.AuditRefunded) {
			var d audit.Decision
			s.describe(&d, config.AuditRefunded)
			about(&d, &failed[i].Asked)
			d.Reason = failed[i].Why
			s.audit.Write(&d)
		}
	}
}

// describe describes the request in a decision about it.
func (s *Stream) describe(d *audit.Decision, outcome config.AuditOutcome) {
	d.Outcome, d.Client, d.Identity, d.Messages = outcome, s.client.Prefix, &s.identity.Identity, len(s.call.Asked())
	if s.surface != nil {
		d.Surface = s.surface.Name
	}
}

// about adds what a message asks for.
func about(d *audit.Decision, asked *mcp.Asked) {
	d.Method, d.Tool, d.Cost = asked.Method, asked.Tool, asked.Cost
}
