package burst

import "github.com/gatewarden/gatewarden/table"

// State is one request. The zero State waits for nothing. A State that has entered or
// waits must [State.Leave] before it is cleared or moved.
type State struct {
	rule *Rule
	// key names the client, credential the credential that the request presents; zero if
	// that was not needed, and then the request is a guess of its own.
	key, credential table.Key
	presents        bool
	stage           stage
	client          *client // whose place the request has, or waits for
	failed          bool    // its response was a failure that counts
	// due is the tick at which the wait is over at the latest, expired tells whether it
	// was. held tells whether there was a wait.
	due           uint32
	expired, held bool
	goOn          func(mayRefuse bool) (refused bool)

	previous, next *State // that wait
}

// stage is where a request is.
type stage uint8

const (
	outside stage = iota
	crowded       // there was no place for it
	waiting
	inside
	excused
)

// ruleName keeps the names of credentials apart from other names.
var ruleName = []byte("burst")

// Begin begins a request of the client with the given counter, whose response can be a
// failure. rule is nil if no request waits on the surface. presents tells whether the
// request presents a credential.
func (s *State) Begin(rule *Rule, key table.Key, presents bool) {
	*s = State{rule: rule, key: key, presents: presents}
}

// NamesCredential tells whether [State.Credential] is needed: so much of the client is
// under way that it matters whether it presents the same credential again.
func (s *State) NamesCredential() bool {
	if s.rule == nil || !s.presents || !s.rule.resource {
		return false
	}
	c := s.rule.room.clients.find(s.key)
	return c != nil && c.busy()
}

// Credential names everything that the headers present. The State does not keep whole.
func (s *State) Credential(whole []byte) {
	s.credential = s.rule.room.table.Key(ruleName, s.rule.name, whole)
}

// Enter takes a place among the client's attempts, if there is one. left is how many
// failures the client has left, which is never none: one attempt always has a place. If
// it returns false, the request has to [State.Wait], unless something excuses it.
func (s *State) Enter(left uint32) bool {
	if s.rule == nil || s.stage == inside || s.stage == excused {
		return true
	}
	room := s.rule.room
	if room.accepted.has(s.credential) {
		s.stage = excused
		return true
	}
	c := room.find(s.key)
	c.left = max(left, 1)
	if c.attempts >= c.left && c.holds(s.credential) == nil && !s.expired {
		s.stage = crowded
		return false
	}
	c.take(s.placed())
	s.stage, s.client = inside, c
	return true
}

// placed returns the credential under which the request has its place. A request whose
// wait has expired does not share its place: that would admit more than is left.
func (s *State) placed() table.Key {
	if s.expired {
		return table.Key{}
	}
	return s.credential
}

// Excuse lets the request pass without a place: its credential is known as good.
func (s *State) Excuse() {
	if s.stage == outside || s.stage == crowded {
		s.stage = excused
	}
}

// Crowded tells whether there was no place for the request.
func (s *State) Crowded() bool { return s.stage == crowded }

// Wait makes a request wait that is [State.Crowded]. goOn is called when there may
// be a place, or none is needed any more: it asks [State.Enter] again, and tells whether the
// request is refused. If it may not refuse it now, it is called again at the next tick: in
// the callback of another stream, the proxy takes a reply for that stream's.
func (s *State) Wait(goOn func(mayRefuse bool) (refused bool)) {
	room := s.rule.room
	if !s.held {
		s.held, s.due = true, room.ticks+room.hold
	}
	s.goOn, s.stage, s.client = goOn, waiting, room.find(s.key)
	s.client.queue(s)
	room.waiting++
}

// Waits tells whether the request waits.
func (s *State) Waits() bool { return s.stage == waiting }

// letGo ends the wait, unless there is still no place, or the request would be refused
// and mayRefuse is false.
func (s *State) letGo(mayRefuse bool) {
	s.unqueue()
	s.stage = outside
	refused := s.goOn(mayRefuse)
	switch {
	case s.stage == waiting:
	case refused && !mayRefuse:
		s.postpone()
	case refused:
		s.rule.refused.Add(1)
	case s.expired:
		s.rule.expired.Add(1)
	default:
		s.rule.passed.Add(1)
	}
}

// postpone makes the request wait for the next tick.
func (s *State) postpone() {
	if s.stage == inside {
		s.client.give(s.placed())
	}
	s.due = s.rule.room.ticks + 1
	s.Wait(s.goOn)
}

func (s *State) unqueue() {
	s.client.unqueue(s)
	s.client = nil
	s.rule.room.waiting--
}

// Accepted notes that the service accepted the credential, which is then not a guess.
func (s *State) Accepted() {
	if s.rule != nil {
		s.rule.room.accepted.add(s.credential)
	}
}

// Failed notes that the service refused the credential, after the failure was counted.
// repeats tells whether it did not count, because it had failed before.
func (s *State) Failed(repeats bool) {
	if s.rule != nil {
		s.failed = !repeats
		s.rule.room.accepted.drop(s.credential)
	}
}

// Answered gives the place back, because the response was judged, and lets others of the
// client go on: further calls of the proxy belong to them.
func (s *State) Answered() {
	c := s.client
	if s.stage != inside {
		s.Leave()
		return
	}
	c.give(s.placed())
	if s.failed && c.left > 0 {
		c.left--
	}
	s.stage, s.client = excused, nil
	accepted := table.Key{}
	if s.rule.room.accepted.has(s.credential) {
		accepted = s.credential
	}
	s.rule.room.wake(c, accepted)
}

// Leave gives the place back, or ends the wait. Others of the client go on at the next
// tick: while a stream ends, the proxy had better not be asked for more.
func (s *State) Leave() {
	c := s.client
	switch s.stage {
	case inside:
		c.give(s.placed())
	case waiting:
		s.unqueue()
		s.rule.left.Add(1)
	default:
		return
	}
	s.stage, s.client = excused, nil
	s.rule.room.forget(c)
}
