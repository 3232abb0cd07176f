package budget

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// State is what a request owes to a budget at the service. The zero State owes nothing. One
// that waits must [State.Leave] before it is cleared or moved.
type State struct {
	rule *Rule
	cost uint32
	// reservation is asked for while told is set, and granted otherwise. It is nil if
	// there is none, or no more.
	reservation *reservation
	told        func()
	verdict     verdict
	balance     balance
	// unpaid is what calls cost that failed.
	unpaid uint32
}

// verdict is what came of the request to reserve.
type verdict uint8

const (
	verdictNone verdict = iota
	verdictGranted
	verdictExceeded
	verdictUnavailable
)

var verdicts = [outcomes]verdict{
	confirmed: verdictGranted, exceeded: verdictExceeded,
	conflict: verdictUnavailable, failed: verdictUnavailable, skipped: verdictUnavailable, lost: verdictUnavailable,
}

// unavailableFor, in seconds, is when to try again after the service gave no answer.
const unavailableFor = 5

// Begin begins a request. rule is nil where the service has no budget.
func (s *State) Begin(rule *Rule) { *s = State{rule: rule} }

// Price notes what the MCP calls of the request cost.
func (s *State) Price(credits uint32) {
	if s.rule != nil {
		s.cost = credits
	}
}

// NeedsPayer tells whether somebody has to pay for the request, who has to be known.
func (s *State) NeedsPayer() bool {
	return s.cost > 0 && s.rule.room.config.Mode == config.ModeEnforce
}

// Asks tells whether the service has to be asked.
func (s *State) Asks() bool { return s.cost > 0 && s.verdict == verdictNone }

// Ask asks the service to reserve what the request costs, for a caller. appendCalls appends
// its calls as JSON. told is called when the service has answered, once. Ask does not wait if
// nothing is to be reserved, if the service cannot be asked, or if it has answered.
func (s *State) Ask(told func(), id *caller.Identity, appendCalls func(*text.Buffer)) (waits bool) {
	if !s.Asks() {
		return false
	}
	r := s.rule.room
	now := r.ports.Now()
	key, ok := r.newKey()
	if !ok || len(r.asked) >= maxAsked || !r.breaker.Allows(now) {
		r.calls[reserve][skipped].Add(1)
		s.verdict = verdictUnavailable
		return false
	}
	v := r.newReservation(key, s.cost, now)
	v.body = s.rule.bodyOf(s.cost, id, appendCalls)
	if !r.send(v) {
		r.drop(v)
		s.verdict = verdictUnavailable
		return false
	}
	s.reservation, v.waiter, s.told = v, s, told
	return true
}

// Waits tells whether the request waits for the service.
func (s *State) Waits() bool { return s.told != nil }

// Check tells whether the request is refused, by what the service has answered.
func (s *State) Check() (why refusal.Refusal, refused bool) {
	switch s.verdict {
	case verdictExceeded:
		r := s.rule.room
		return refusal.Refusal{Reason: refusal.QuotaExceeded, Rule: r.config.Name, Seconds: s.balance.seconds, Now: r.ports.Now()}, true
	case verdictUnavailable:
		r := s.rule.room
		return refusal.Refusal{Reason: refusal.StoreUnavailable, Rule: r.config.Name, Seconds: unavailableFor, Now: r.ports.Now()}, true
	}
	return refusal.Refusal{}, false
}

// Refuses tells whether it is the room that refuses the request.
func (s *State) Refuses() bool { return s.verdict >= verdictExceeded && !s.IsShadow() }

// IsShadow tells whether the room refuses no request.
func (s *State) IsShadow() bool { return s.rule != nil && s.rule.room.config.Mode == config.ModeShadow }

// Refused counts that the request was refused.
func (s *State) Refused() {
	if s.verdict == verdictExceeded {
		s.rule.exceeded.Add(1)
	} else {
		s.rule.unavailable.Add(1)
	}
}

// Open tells whether credits are reserved that were not settled.
func (s *State) Open() bool { return s.reservation != nil && s.told == nil }

// Refund notes that calls of the request failed: they are not paid.
func (s *State) Refund(credits uint32) { s.unpaid = min(s.unpaid+credits, s.cost) }

// Commit spends what is reserved, but for calls that failed.
func (s *State) Commit() {
	if s.Open() {
		s.settle(s.cost - s.unpaid)
	}
}

// Done ends the request. It gives back what is reserved, or spends it. If the service has
// not answered yet, the answer is for nobody.
func (s *State) Done(giveBack bool) {
	switch {
	case s.told != nil:
		s.reservation.waiter = nil
		s.reservation, s.told = nil, nil
	case s.Open() && giveBack:
		s.settle(0)
	default:
		s.Commit()
	}
}

func (s *State) settle(spent uint32) {
	v, r := s.reservation, s.rule.room
	s.reservation = nil
	how := commit
	if spent == 0 {
		how = refund
	}
	r.settle(v, how, spent, r.ports.Now())
}
