package mcp

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/mcp/message"
)

// View is what the room made of a request.
type View struct {
	// Cost in credits, and the lowest tier that may make the request; "" for all.
	Cost uint32
	Tier string
}

// View shows what the room made of a request.
func (s *State) View() View { return View{s.cost, s.tier(s.rank)} }

// tier returns the tier of a rank, and "" for all.
func (s *State) tier(rank int) string {
	if s.rule == nil || rank == 0 {
		return ""
	}
	return s.rule.room.tiers[rank-1]
}

// Explanation is what the messages of a request need and cost.
type Explanation struct {
	View
	// Reads tells that the room reads the requests of the surface, Awaits that it has not
	// read the body of this one.
	Reads, Awaits bool
	// Flaw says why the request cannot be read, "" if it can.
	Flaw string
	// Messages are those of the body, if it was read.
	Messages []MessageView
}

// MessageView is what a message needs and costs.
type MessageView struct {
	Method string
	// Name of the tool, if the message calls one.
	Name string
	// Rule and Tool are the places of the method and the tool in the configuration, -1 if
	// they are not listed.
	Rule, Tool int
	// MethodScopes are what the method needs, Scopes what the tool does.
	MethodScopes, Scopes []string
	View
}

// Explain shows what the room made of a request with a body.
func (s *State) Explain(body []byte) Explanation {
	e := Explanation{View: s.View(), Reads: s.Reads(), Awaits: s.awaits, Flaw: faults[s.flaw].message}
	if !e.Reads || s.awaits || s.flaw != sound || len(body) == 0 {
		return e
	}
	list, _ := message.Read(nil, body, s.version.batches)
	for i := range list {
		e.Messages = append(e.Messages, s.explain(&list[i]))
	}
	return e
}

func (s *State) explain(m *message.Message) MessageView {
	r := s.rule.room
	c := r.config
	v := MessageView{Method: m.Method, Rule: -1, Tool: -1, MethodScopes: r.methods[m.Method]}
	for i := range c.Methods {
		if c.Methods[i].Method == m.Method {
			v.Rule = i
		}
	}
	if m.Method != message.ToolsCall {
		return v
	}
	t := r.toolNamed(m.Name)
	cost, rank, _ := t.price(m)
	v.Name, v.Scopes, v.View = m.Name, slices.Clone(t.scopes), View{cost, s.tier(rank)}
	for i := range c.Tools {
		if c.Tools[i].Name == m.Name {
			v.Tool = i
		}
	}
	return v
}
