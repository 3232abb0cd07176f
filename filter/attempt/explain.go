package attempt

import "github.com/gatewarden/gatewarden/filter/counter"

// View is how the counters of attempts concern a request, for explanations.
type View struct {
	// Attempts are the counters of what the request attempts.
	Attempts []AttemptView
	// Stuffing counts the different credentials with which the client failed, if the
	// surface counts them.
	Stuffing counter.View
	// Stuffs and Sprays tell whether a failure of the request counts for stuffing and for
	// spraying.
	Stuffs, Sprays bool
}

// AttemptView is the counter of an account or a credential.
type AttemptView struct {
	// Key is the failure key's place in the surface's list, -1 for spraying.
	Key int
	// Refuses tells whether the counter refuses the request.
	Refuses bool
	counter.View
}

// Explain reads the counters, and changes none of them.
func (s *State) Explain() (v View) {
	if s.rule == nil {
		return View{}
	}
	room := s.rule.room
	if s.rule.stuffing.limit > 0 {
		v.Stuffing = room.table.View(s.stuffingKey(), room.clock)
		v.Stuffs = s.pairsUp()
	}
	v.Sprays = s.rule.spraying.limit > 0 && len(s.accounts) > 0
	for i := range s.targets {
		t := &s.targets[i]
		v.Attempts = append(v.Attempts, AttemptView{t.place, t.refuses, room.table.View(t.key, room.clock)})
	}
	return v
}
