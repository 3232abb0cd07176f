package lockout

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/report"
)

// View is how the lockout of a surface concerns a request.
type View struct {
	Standing report.Standing
	// Client is the counter of the client, Network that of its network.
	Client, Network counter.View
	// Excused tells whether the client is locked out, but passes with a known-good
	// credential. Tracked tells whether the rule asks for known-good credentials, Known
	// whether this is one.
	Excused, Tracked, Known bool
	// Repeats tells whether the client has failed with the same guess before, so that another
	// failure would not count.
	Repeats bool
	// MayFail tells whether the response can be a failure.
	MayFail bool
	// Refused is the limit that refused the request. In shadow mode the request passes
	// nevertheless.
	Refused Limit
}

// Limit is one of the limits of a rule.
type Limit uint8

// The limits.
const (
	NoLimit Limit = iota
	// ClientLimit is on the failures of a client, and NetworkLimit on those of its
	// network.
	ClientLimit
	NetworkLimit
	// PendingLimit is on the client's attempts at the same time.
	PendingLimit
)

// Explain returns how a rule concerns a request that presents a guess. For requests that
// never came to [State.Begin], the State is zero. preflight tells a CORS preflight, which is
// not counted; mayFail is that of Begin.
func (s *State) Explain(rule *Rule, client *caller.Client, guess *caller.Guess, preflight, mayFail bool) View {
	v := View{Excused: s.excused, Tracked: s.standing.tracked, MayFail: mayFail, Refused: s.refused}
	switch {
	case !rule.Counts():
		v.Standing = report.RuleOff
		return v
	case preflight:
		v.Standing = report.OnlyPreflight
		return v
	case client.Allowed:
		v.Standing = report.ClientAllowed
		return v
	}
	room := rule.room
	v.Known, v.Repeats = s.Known(), s.hasFailed(guess)
	v.Client = room.table.View(s.counter, room.clock)
	if rule.hasWide() {
		v.Network = room.table.View(s.wide, room.clock)
	}
	return v
}
