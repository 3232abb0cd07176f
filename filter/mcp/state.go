package mcp

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/text"
)

// State is what the room knows of a request. The zero State knows nothing, and all its
// methods may be called.
type State struct {
	rule    *Rule
	version version
	client  client
	// answers tells that a message has an id, alone that only one does, and onlyCalls that
	// all that do call tools.
	answers, alone, onlyCalls bool
	mirror                    mirror
	flaw                      flaw
	// awaits tells that there is a body which has not been read yet.
	awaits bool
	// scopes are what the request needs, rank is that of the lowest tier that may make it,
	// and cost what it costs. Before the body was read, they are what its headers say.
	scopes []string
	rank   int
	cost   uint32
	// asked is what the messages ask for.
	asked []Asked
	// calls are the calls of tools that cost something, as far as they are not settled, and
	// failed those that failed. reserved tells that what they cost was reserved.
	calls    []Call
	failed   []Failed
	reserved bool
	answer   *answer // that is being read; nil if none is
	// lists tells that the answer may have a list of tools, streams that only a stream can
	// have one, and list filters it.
	lists, streams bool
	list           *list
	// spare is what earlier requests needed to read answers.
	spare struct {
		answer *answer
		list   *list
	}
}

// Reset clears the state and keeps its memory.
func (s *State) Reset() {
	if s.rule == nil {
		return
	}
	if s.list != nil {
		s.list.end()
	}
	*s = State{scopes: s.scopes[:0], asked: s.asked[:0], calls: s.calls[:0], failed: s.failed[:0], spare: s.spare}
}

// Begin reads the headers of a request. rule is nil where the room reads nothing. end tells
// that the request has no body.
func (s *State) Begin(rule *Rule, headers []proxy.Header, t *request.Target, d *request.Details, end bool) {
	s.Reset()
	if s.rule = rule; rule == nil {
		return
	}
	if !rule.admits(headers) {
		s.flaw = flawOrigin
		return
	}
	if end || request.Upgrades(t, d) {
		s.lists = t.Method == "GET" // a stream can repeat what an earlier one missed
		s.streams = s.lists
		return
	}
	s.client = clientOf(headers)
	ok := false
	if s.version, ok = versionOf(headers); !ok {
		s.flaw = flawVersion
		return
	}
	if s.flaw = flawOf(d, rule.MaxBody()); s.flaw != sound {
		return
	}
	s.awaits = true
	if !s.version.mirrors {
		return
	}
	if s.mirror = mirrorOf(headers); !s.mirror.isClear() {
		s.flaw, s.awaits = flawMirror, false
		return
	}
	s.expect()
}

// expect notes what the request needs if its headers tell the truth.
func (s *State) expect() {
	s.need(s.rule.room.methods[s.mirror.method])
	if s.mirror.method == message.ToolsCall {
		t := s.rule.room.toolNamed(s.mirror.name)
		s.need(t.scopes)
		s.rank = t.rank
	}
}

func (s *State) need(scopes []string) {
	for _, scope := range scopes {
		if !slices.Contains(s.scopes, scope) {
			s.scopes = append(s.scopes, scope)
		}
	}
}

// Awaits tells that the request cannot be decided about before its body was read.
func (s *State) Awaits() bool { return s.awaits }

// ReadsAnswer tells whether the answer may have to be read.
func (s *State) ReadsAnswer() bool {
	return s.rule != nil && (s.awaits && s.rule.room.priced || s.Settling() || (s.awaits || s.lists) && s.rule.room.changesLists())
}

// MaxBody returns how long the body may be, in bytes.
func (s *State) MaxBody() int { return s.rule.MaxBody() }

// TooLarge notes that the body is longer than that.
func (s *State) TooLarge() { s.awaits, s.flaw = false, flawSize }

// Read reads the whole body. One that is too long may be at hand, because more is read for
// the id of a request.
func (s *State) Read(body []byte) {
	switch {
	case s.rule == nil:
		return
	case len(body) > s.MaxBody():
		s.TooLarge()
		return
	}
	s.awaits, s.scopes, s.rank = false, s.scopes[:0], 0
	r := s.rule.room
	list, found := message.Read(r.messages, body, s.version.batches)
	r.messages = list
	defer r.forget()
	if s.flaw = flaws[found]; s.flaw != sound {
		return
	}
	for i := range list {
		if s.flaw = s.take(&list[i]); s.flaw != sound {
			return
		}
	}
}

// forget drops what shares the memory of a body.
func (r *Room) forget() {
	clear(r.messages)
	r.messages = r.messages[:0]
}

// take adds what a message needs and costs.
func (s *State) take(m *message.Message) flaw {
	if s.version.mirrors && !s.mirror.repeats(m) {
		return flawMirror
	}
	s.note(m)
	r := s.rule.room
	s.need(r.methods[m.Method])
	s.lists = s.lists || m.Method == message.ToolsList
	if m.Method != message.ToolsCall {
		s.ask(Asked{Method: m.Method})
		return sound
	}
	t := r.toolNamed(m.Name)
	s.need(t.scopes)
	cost, rank, ok := t.price(m)
	name := r.nameOf(m, t, cost)
	if s.ask(Asked{Method: message.ToolsCall, Tool: name, Cost: cost, meter: t.meter}); !ok {
		return flawArgument
	}
	s.rank = max(s.rank, rank)
	if cost > 0 {
		s.cost = uint32(min(uint64(s.cost)+uint64(cost), maxPrice))
		s.calls = append(s.calls, Call{
			ID: nameOfID(m.IDText(), m.IDIsString()), Tool: name, Cost: cost, reports: r.reports, meter: t.meter,
		})
	}
	return sound
}

// Scopes are those that the request needs.
func (s *State) Scopes() []string { return s.scopes }

// Cost is what the request costs in credits.
func (s *State) Cost() uint32 { return s.cost }

// AppendCalls appends the calls that cost something as a JSON list. Of a tool's name it
// appends the beginning.
func (s *State) AppendCalls(b *text.Buffer) {
	b.Add("[")
	for i := range s.calls {
		if i > 0 {
			b.Add(",")
		}
		name := s.calls[i].Tool
		b.Add(`{"tool":`)
		b.AddJSON(name[:min(len(name), maxToolName)])
		b.Add(`,"credits":`)
		b.AddInt(int64(s.calls[i].Cost))
		b.Add("}")
	}
	b.Add("]")
}

// maxToolName is how much of a tool's name others get, in bytes.
const maxToolName = 256

// NeedsTier tells whether not every caller may make the request.
func (s *State) NeedsTier() bool { return s.rank > 0 }

// Reads tells whether the room reads the request.
func (s *State) Reads() bool { return s.rule != nil }

// Check refuses a request that cannot be read in one way only.
func (s *State) Check() (why refusal.Refusal, refused bool) {
	if s.flaw == sound {
		return refusal.Refusal{}, false
	}
	return refusal.Refusal{Reason: refusal.Malformed, Now: s.rule.room.clock.Now()}, true
}

// CheckTier refuses what the caller's tier does not include.
func (s *State) CheckTier(id *caller.Identity) (why refusal.Refusal, refused bool) {
	if s.rank == 0 || id.Verified && s.rule.room.rank(id.Tier) >= s.rank {
		return refusal.Refusal{}, false
	}
	return refusal.Refusal{Reason: refusal.TierDenied, Now: s.rule.room.clock.Now()}, true
}
