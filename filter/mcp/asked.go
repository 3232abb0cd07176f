package mcp

import (
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// Asked is a request or a notification in the body of a request.
type Asked struct {
	Method string
	// Tool is the name of the tool that it calls, "" if it calls none.
	Tool string
	Cost uint32

	meter *meter
}

// ask notes what a message asks for, if somebody wants to know.
func (s *State) ask(what Asked) {
	reports := s.rule.room.reports
	if what.Method == "" || !reports && what.meter == nil {
		return
	}
	s.asked = append(s.asked, what)
}

// nameOf returns the name of the tool that a message calls, "" if nobody wants to know.
func (r *Room) nameOf(m *message.Message, t *tool, cost uint32) string {
	switch {
	case !r.reports && cost == 0:
		return ""
	case t != r.other:
		return t.Name
	}
	return m.Name
}

// Asked returns what the request asks for, as far as somebody wants to know.
func (s *State) Asked() []Asked { return s.asked }

// Passed counts that the request goes on to the service. reserved tells that what it costs
// was reserved.
func (s *State) Passed(reserved bool) {
	for i := range s.asked {
		s.asked[i].meter.call(allowed)
	}
	if s.reserved = reserved; !reserved {
		return
	}
	for i := range s.calls {
		s.calls[i].meter.reserve(s.calls[i].Cost)
	}
}

// Refused counts that the request is refused, by this room or another one.
func (s *State) Refused(why *refusal.Refusal) {
	if s.rule == nil {
		return
	}
	for i := range s.asked {
		s.asked[i].meter.call(why.Reason)
	}
	switch why.Reason {
	case refusal.TierDenied:
		s.rule.denied.Add(1)
	case refusal.Malformed:
		s.rule.malformed.Add(1)
	}
}
