package mcp

import (
	"strconv"

	"github.com/gatewarden/gatewarden/filter/mcp/message"
)

// Call is a call of a tool that costs something.
type Call struct {
	// ID is the text of its id, with a quotation mark before it if it is a string. It is ""
	// for a notification.
	ID   string
	Tool string
	Cost uint32

	reports bool // somebody wants to know if it fails
	meter   *meter
}

// Failed is a call whose credits are given back.
type Failed struct {
	Asked
	// Why is "unanswered", the status of the answer ("status_503"), or "error".
	Why string
}

// Settling tells whether calls of the request are not settled yet.
func (s *State) Settling() bool { return len(s.calls) > 0 }

// Failed returns the calls that failed since it was asked last, as far as somebody wants to
// know.
func (s *State) Failed() []Failed {
	list := s.failed
	s.failed = s.failed[:0]
	return list
}

// Done settles the calls that are still open when the request is done. answered tells
// whether the service has begun to answer.
func (s *State) Done(answered bool) {
	switch {
	case !s.reserved: // it was refused
		s.calls = s.calls[:0]
	case answered:
		s.payAll()
	default:
		s.refundAll(0)
	}
}

// payAll settles all open calls as paid.
func (s *State) payAll() {
	for i := range s.calls {
		s.calls[i].meter.commit(s.calls[i].Cost)
	}
	s.calls = s.calls[:0]
}

// refundAll settles all open calls as failed, and returns what they cost. status is that of
// the answer, 0 without one.
func (s *State) refundAll(status int) (unpaid uint32) {
	for i := range s.calls {
		unpaid += s.calls[i].refund(&s.failed, status)
	}
	s.calls = s.calls[:0]
	return unpaid
}

// refund settles a call as failed, and returns what it costs. It is noted in list, if
// somebody wants to know.
func (c *Call) refund(list *[]Failed, status int) (unpaid uint32) {
	c.meter.refund(c.Cost)
	if c.reports {
		*list = append(*list, Failed{Asked{Method: message.ToolsCall, Tool: c.Tool, Cost: c.Cost}, whyFailed(status)})
	}
	return c.Cost
}

// whyFailed says why a call failed whose answer had a status, 0 if it had none.
func whyFailed(status int) string {
	switch {
	case status == 0:
		return "unanswered"
	case status < 400:
		return "error"
	}
	return "status_" + strconv.Itoa(status)
}
