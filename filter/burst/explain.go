package burst

// View is how bursts are held on a surface, for explanations.
type View struct {
	// Holds tells whether attempts of a client wait for each other, and Counts whether
	// the request is such an attempt.
	Holds, Counts bool
	// Seconds is for how long a request waits at the most.
	Seconds uint32
}

// Explain tells how bursts are held on the surface of a rule.
func (s *State) Explain(rule *Rule) View {
	if rule == nil {
		return View{}
	}
	return View{Holds: true, Counts: s.rule != nil && s.stage != excused, Seconds: rule.room.hold}
}
