package mcp

// View is what the room made of a request.
type View struct {
	// Cost in credits, and the lowest tier that may make the request; "" for all.
	Cost uint32
	Tier string
}

// View shows what the room made of a request.
func (s *State) View() View {
	v := View{Cost: s.cost}
	if s.rank > 0 {
		v.Tier = s.rule.room.tiers[s.rank-1]
	}
	return v
}
