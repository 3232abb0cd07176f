package fleet

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// State is what a request asks the service. The zero State asks nothing. One that waits must
// [State.Done] before it is cleared or moved.
type State struct {
	room  *Room
	asked []Asked
	call  *call  // under way
	told  func() // set while the request waits
	// due tells that something has to be asked.
	due bool
	// alone tells that a rule which is closed cannot be decided.
	alone bool
	// locks tells that the service has locked somebody out whom the request concerns.
	locks bool
}

// Asked is a counter that concerns a request, and what the service said about it.
type Asked struct {
	Counter
	// Charge is the place of the quota's charge, -1 if the counter is one of failures.
	Charge int
	// Heard tells whether the service has answered. Then Over tells whether the limit was
	// reached, Left what is left of it, and Until when its window ends.
	Heard, Over bool
	Left        uint32
	Until       int64

	enforced      bool
	cost, carried uint32 // of a charge
	window        int64
	generation    uint32
}

// waits tells whether the request waits for the answer. Of the counters of failures, only
// those are asked.
func (a *Asked) waits() bool { return a.Charge < 0 || a.Rule.Sync() }

// awaitsUnlocks tells whether the counter is over its limit, unless its client was unlocked.
func (a *Asked) awaitsUnlocks() bool { return a.Charge < 0 && a.Over }

// Reset clears the state and keeps its memory.
func (s *State) Reset() {
	if s.room != nil {
		*s = State{asked: s.asked[:0]}
	}
}

// Begin begins a request. room is nil if there is no fleet.
func (s *State) Begin(room *Room) { s.room, s.asked = room, s.asked[:0] }

// Begun tells whether Begin was called.
func (s *State) Begun() bool { return s.room != nil }

// Watch looks how a counter of failures stands before its request goes on, or without that
// the request waits, as the rule has it. enforced tells whether the rule refuses requests.
func (s *State) Watch(c *Counter, enforced bool) {
	r := s.room
	s.alone = s.alone || enforced && c.Rule.IsClosed() && r.IsAlone()
	switch c.Rule.mode {
	case config.FleetAsync:
		r.watch(c)
		return
	case config.FleetFirst:
		if !r.memory.isOutdated(c.Shared, r.ticked) {
			return
		}
	}
	s.due = true
	s.asked = append(s.asked, Asked{Counter: *c, Charge: -1, enforced: enforced})
}

// Charge charges what a request costs to the counter of a quota. charge is its place there,
// and enforced tells whether the quota refuses requests.
func (s *State) Charge(c *Counter, cost uint32, charge int, enforced bool) {
	s.alone = s.alone || enforced && !c.Rule.Sync() && c.Rule.IsClosed() && s.room.IsAlone()
	s.due = s.due || c.Rule.Sync()
	s.asked = append(s.asked, Asked{Counter: *c, Charge: charge, cost: cost, enforced: enforced})
}

// Asks tells whether the service has to be asked.
func (s *State) Asks() bool { return s.due }

// Ask asks the service. told is called when it has answered, once, or when there will be no
// answer. Ask does not wait if the service cannot be asked.
func (s *State) Ask(told func()) (waits bool) {
	s.due = false
	if s.call = s.room.ask(s); s.call == nil {
		s.settle()
		return false
	}
	s.told = told
	return true
}

// Waits tells whether the request waits for the service.
func (s *State) Waits() bool { return s.told != nil }

// Asked returns what was asked, with the answers.
func (s *State) Asked() []Asked { return s.asked }

// settle counts how the rules are decided that the service did not answer about.
func (s *State) settle() {
	for i := range s.asked {
		if a := &s.asked[i]; a.waits() && !a.Heard {
			s.room.keepCarried(a)
			s.room.fallbacks[a.Rule.onError].Add(1)
			s.alone = s.alone || a.enforced && a.Rule.IsClosed()
		}
	}
}

// OnError says how a rule is decided that the service did not answer about.
func (a *Asked) OnError() config.FleetOnError { return a.Rule.onError }

// Locks tells whether the service has locked somebody out whom the request concerns.
func (s *State) Locks() bool { return s.locks }

// Check refuses a request if a rule concerns it that is closed while the service gives no
// answer.
func (s *State) Check() (why refusal.Refusal, refused bool) {
	if !s.alone {
		return refusal.Refusal{}, false
	}
	return refusal.Refusal{Reason: refusal.StoreUnavailable, Rule: "fleet", Seconds: unavailableFor, Now: s.room.ports.Now()}, true
}

// Refuses tells whether it is the room that refuses the request.
func (s *State) Refuses() bool { return s.alone }

// Passed reports what the request spent of the quotas that did not wait.
func (s *State) Passed() {
	for i := range s.asked {
		if a := &s.asked[i]; !a.waits() {
			a.Heard = true // what is given back is carried
			s.room.spend(a)
		}
	}
}

// GiveBack gives back all that the request was charged: it is refused.
func (s *State) GiveBack() {
	for i := range s.asked {
		a := &s.asked[i]
		s.room.giveBack(a, a.cost)
		a.cost = 0
	}
}

// Refund gives back credits: calls of the request failed.
func (s *State) Refund(credits uint32) {
	for i := range s.asked {
		if a := &s.asked[i]; a.Charge >= 0 && a.Rule.part == config.FleetBudgets {
			part := min(credits, a.cost)
			s.room.giveBack(a, part)
			a.cost -= part
		}
	}
}

// Done ends the request. If it still waits, the answer is for nobody.
func (s *State) Done() {
	if s.told != nil {
		s.call.orphan(s.asked)
		s.call, s.told = nil, nil
	}
}
