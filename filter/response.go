package filter

import (
	"github.com/gatewarden/gatewarden/filter/outcome"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// ResponseHeaders judges the response by its status, completes its challenge, and adds
// the fields that tell how the caller's quotas stand. end tells whether it has no body. A
// held request can have a response, too: the proxy's own, when it waited for too long.
func (s *Stream) ResponseHeaders(end bool) {
	switch {
	case s.replied:
		s.completeReply()
		return
	case s.surface == nil:
		return
	}
	s.responds = true
	status := 0
	switch {
	case s.quota.Limited():
		status = s.quota.AddHeaders(s.recipient.Origin)
	case s.outcome.Awaits() || s.surface.oauth != nil || s.call.ReadsAnswer():
		status = proxy.Status(s.filter.host.ResponseHeader(":status"))
	default:
		return
	}
	s.budget.AddHeaders(s.recipient.Origin)
	if status == 401 && s.surface.oauth != nil {
		s.surface.oauth.Complete(s.recipient.Origin.Named)
	}
	if s.call.ReadsAnswer() && s.answerCall(status, end) {
		return
	}
	s.settle(s.outcome.Headers(status, end))
	if s.lockout.HoldsSlot() && !s.outcome.Undecided() {
		s.lockout.Release(s.filter.host.Now())
	}
	s.answered()
}

// ResponseBody reads a body that tells the outcome as it passes by. size is that of the
// chunk that has come.
func (s *Stream) ResponseBody(size int, end bool) {
	s.settle(s.outcome.Body(size, end))
	if s.call.Follows() || s.call.Filters() {
		s.readAnswer(size, end)
	}
	if !s.replied {
		s.answered()
	}
}

// ResponseTrailers end a gRPC response.
func (s *Stream) ResponseTrailers() {
	if !s.replied {
		s.settle(s.outcome.Trailers())
		s.answered()
	}
}

// answered lets others of the client go on that wait for this answer. It comes last: the
// calls of the proxy that follow are theirs.
func (s *Stream) answered() {
	if s.outcome.Answered() {
		s.burst.Answered()
	}
}

// settle counts the outcome of the authentication.
func (s *Stream) settle(v outcome.Verdict) {
	switch v.Judgement {
	case outcome.Accepted:
		s.identity.Accept()
		s.lockout.Succeed()
		s.burst.Accepted()
	case outcome.Failed:
		if v.Unlogged && s.lockout.Counts() {
			// The access log has only the status, which many other responses have.
			s.filter.host.SetFailure(v.Cause.Code)
		}
		s.identity.Reject()
		if !s.lockout.Counts() {
			return
		}
		if s.account.Reading() && !s.awaitsAccount() {
			s.closeAccount() // trailers ended the body, or nothing did
		}
		s.burst.Failed(s.fail(v.Cause))
	}
}
