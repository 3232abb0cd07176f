package concurrency

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// State is what a request holds. The zero State holds nothing and is limited by nothing.
type State struct {
	rules  *Rules
	places []*holding
	// over is the limit that refused the request.
	over *limit
	// now is when Enter ran, and next the limit with which Watch goes on.
	now  int64
	next int
}

// Reset clears the state of a request that holds nothing any more, and keeps its memory.
func (s *State) Reset() {
	if s.rules != nil {
		*s = State{places: s.places[:0]}
	}
}

// Begin notes which limits apply to a request. rules is nil if there are none.
func (s *State) Begin(rules *Rules) {
	s.Reset()
	s.rules = rules
}

// Limited tells whether a limit applies to the request, enforced or in shadow mode.
func (s *State) Limited() bool { return s.rules != nil }

// Holds tells whether the request holds a place.
func (s *State) Holds() bool { return len(s.places) > 0 }

// Enter takes a place under each limit that is enforced, or refuses the request. It then
// holds nothing. Otherwise [State.Watch] must follow. After a refusal or [State.Leave],
// Enter may be called again.
func (s *State) Enter(client *caller.Client, id *caller.Identity) (why refusal.Refusal, refused bool) {
	if s.rules == nil {
		return refusal.Refusal{}, false
	}
	s.now, s.next = s.rules.room.clock.Now(), 0
	for s.next < len(s.rules.limits) {
		l := s.rules.limits[s.next]
		if l.Mode != config.ModeEnforce {
			break
		}
		s.next++
		if !s.take(l, client, id) {
			s.over, s.next = l, len(s.rules.limits)
			s.Leave(s.now)
			return s.refusal(l), true
		}
	}
	return refusal.Refusal{}, false
}

// Watch takes a place under each limit in shadow mode. It stops at each limit that would
// have refused the request, with exceeded true; called again, it continues with the next
// one. exceeded is false when none is left.
func (s *State) Watch(client *caller.Client, id *caller.Identity) (why refusal.Refusal, exceeded bool) {
	if s.rules == nil {
		return refusal.Refusal{}, false
	}
	for s.next < len(s.rules.limits) {
		l := s.rules.limits[s.next]
		s.next++
		if !s.take(l, client, id) {
			l.shadowed.Add(1)
			return s.refusal(l), true
		}
	}
	return refusal.Refusal{}, false
}

// take takes a place under a limit, if there is one.
func (s *State) take(l *limit, client *caller.Client, id *caller.Identity) bool {
	h := s.rules.room.take(s.rules.key(l, client, id), l.Limit, s.now)
	if h == nil {
		return false
	}
	s.places = append(s.places, h)
	return true
}

func (s *State) refusal(l *limit) refusal.Refusal {
	return refusal.Refusal{
		Reason: refusal.OverCapacity, Rule: l.Name, Seconds: refusal.SecondsUntil(l.RetryAfter, 0), Now: s.now,
	}
}

// Leave frees the places that the request holds, at the time now.
func (s *State) Leave(now int64) {
	for i, h := range s.places {
		s.rules.room.free(h, now)
		s.places[i] = nil
	}
	s.places = s.places[:0]
}

// Refused counts that a limit refused the request.
func (s *State) Refused() {
	if s.over != nil {
		s.rules.overCapacity.Add(1)
		s.over.refused.Add(1)
	}
}

// Words returns what a refusal by a limit says.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	return &refusal.Words{
		Status: 503, GRPC: refusal.GRPCUnavailable, Code: jsonrpc.CodeUnavailable,
		Problem:  refusal.ReducedCapacity,
		Message:  refusal.TryAgain("The service is currently at capacity.", why.Seconds),
		Violated: text.Join(`"concurrency-`, why.Rule, `"`),
	}
}
