package scope

// View is what the room made of a request.
type View struct {
	// Needed are the scopes that it needs.
	Needed []string
}

// View shows what the room made of a request.
func (s *State) View() View { return View{Needed: append([]string(nil), s.needed...)} }
