package identity

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/introspect"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Request has the parts of a request that the sources read.
type Request struct {
	Headers []proxy.Header
	// Presents tells whether the request presents a credential. Alone tells whether
	// Credential is the only one, and in a clear form: the room cannot know which of
	// two the service believes.
	Presents, Alone bool
	Credential      caller.Credential
}

// State is what the room knows about one request. The zero State identifies no caller and
// refuses no request. A State that [State.Waits] must [State.Leave] before it is cleared
// or moved.
type State struct {
	// Identity is the verified caller.
	caller.Identity
	rule *Rule
	// next is the place of the source to ask next.
	next       int
	denial     denial
	demanded   bool
	acceptance acceptance
	inquiry    introspect.Inquiry
}

// Begin begins a request that belongs to a surface, or to none if rule is nil.
func (s *State) Begin(rule *Rule) { s.rule = rule }

// Identify asks the sources, in order, to verify the caller. It stops at a source that
// needs the answer of a server: then the state is [State.Open]. Called again after the
// answer, it continues with the next source.
func (s *State) Identify(q *Request) {
	if s.rule == nil {
		return
	}
	s.denial = denialOf(q)
	sources := s.rule.room.sources
	for s.next < len(sources) && !s.Verified && !s.inquiry.IsOpen() && !s.IsForeign() {
		source := &sources[s.next]
		s.next++
		s.consult(source, q)
		if s.Verified && s.Tier == "" {
			s.Tier = source.defaultTier
		}
		s.examine()
	}
}

// HasMore tells whether no source has verified the caller yet, and sources are left to
// ask.
func (s *State) HasMore() bool {
	return s.rule != nil && !s.Verified && !s.IsForeign() && s.next < len(s.rule.room.sources)
}

// Proves tells whether the credential of the request was itself verified: it is the only
// one, and right.
func (s *State) Proves() bool {
	return s.Verified && s.next > 0 && s.rule.room.sources[s.next-1].verifiesCredential()
}

// Open tells whether a server must be asked before the request is decided, or has not
// answered yet.
func (s *State) Open() bool { return s.inquiry.IsOpen() }

// Ask makes an open request wait for the server's answer: told is called once, when the
// state has it. It does not wait if the answer is known by now, or if the server cannot
// be asked; then the state has the result when Ask returns.
func (s *State) Ask(told func(), client *caller.Client) (waits bool) {
	waits = s.inquiry.Ask(&s.Identity, func() {
		s.examine()
		told()
	}, client)
	if !waits && s.rule != nil {
		s.examine()
	}
	return waits
}

// Waits tells whether the request waits for an answer.
func (s *State) Waits() bool { return s.inquiry.Waits() }

// Leave ends the wait, if there is one. The answer is remembered all the same.
func (s *State) Leave() { s.inquiry.Leave() }
