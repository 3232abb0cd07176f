package identity

import (
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
)

// denial says why a request is not let in where an identity is required.
type denial uint8

const (
	deniedMissing  denial = iota // it presents no credential
	deniedScheme                 // its credential is not a token
	deniedInvalid                // no source verified its credential
	deniedUnclear                // it presents several credentials, or one in an unclear form
	deniedAudience               // its token is for another resource
	denials
)

// denialOf tells why a request is not let in unless a source verifies it.
func denialOf(q *Request) denial {
	c := &q.Credential
	switch {
	case !q.Presents:
		return deniedMissing
	case !q.Alone:
		return deniedUnclear
	case c.InAuthorization() && !c.IsBearer():
		return deniedScheme
	}
	return deniedInvalid
}

// unavailableFor, in seconds, is when to try again after a server gave no answer. How
// long the server stays unavailable is not known.
const unavailableFor = 5

// Check tells whether the request is refused because no source verified its caller, or
// because its token is for another resource. It is not refused while a server must be
// asked.
func (s *State) Check() (why refusal.Refusal, refused bool) {
	switch {
	case s.rule == nil || s.Verified || s.Open():
	case s.IsForeign():
		return refusal.Refusal{Reason: refusal.AuthDenied}, true
	case s.inquiry.Failed():
		return refusal.Refusal{Reason: refusal.StoreUnavailable, Seconds: unavailableFor, Now: s.rule.room.clock.Now()}, true
	case s.rule.required || s.demanded:
		return refusal.Refusal{Reason: refusal.AuthDenied}, true
	}
	return refusal.Refusal{}, false
}

// Demand requires an identity of this request: what it asks for is not for everybody.
func (s *State) Demand() { s.demanded = true }

// Refused counts a refusal of the room.
func (s *State) Refused(why *refusal.Refusal) {
	switch {
	case s.rule == nil:
	case why.Reason == refusal.AuthDenied:
		s.rule.denied.Add(1)
	case why.Reason == refusal.StoreUnavailable:
		s.rule.unavailable.Add(1)
	}
}

// BlamesToken tells whether the challenge of a denial names the error invalid_token. A
// request without a token must get a challenge without an error (RFC 6750 section 3.1).
func (s *State) BlamesToken() bool {
	return s.rule != nil && s.denial != deniedMissing && s.denial != deniedScheme
}

// Cause returns why a denial is a failure, in the words of the log.
func (s *State) Cause() report.Cause {
	if s.IsForeign() {
		return report.Cause{Code: "wrong_audience"}
	}
	return report.Cause{Code: string(refusal.AuthDenied)}
}

// Last returns the reply that was given last for this denial on this surface. It is nil
// if a server gave no answer.
func (s *State) Last() *refusal.Last {
	if s.rule == nil || s.inquiry.Failed() {
		return nil
	}
	return &s.rule.last[s.denial]
}
