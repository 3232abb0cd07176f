package mcp

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/internal/jsonstream"
	"github.com/gatewarden/gatewarden/internal/sse"
)

// A call that costs something is settled by its answer: a result is paid for, and an error
// is not. The answer is read as it passes, as JSON or as a stream of events, and never held.
//
//	no answer: the service cannot be reached, or the client left before   not paid
//	a status of 400 and above                                             not paid
//	a JSON-RPC error, or a result with isError                            not paid
//	a result                                                              paid
//	an answer that says nothing of the call, or ends before it does       paid
//
// The last row is for services that answer elsewhere (MCP 2024-11-05), and for clients that
// leave in the middle of an answer: otherwise a call would be free for all who hang up when
// they have what they want.

// answer reads the answers to the calls of a request.
type answer struct {
	events *sse.Reader // stream, or nil if the answer is one JSON document
	stream sse.Reader
	json   jsonstream.Reader
	// tell is see, made once: TinyGo allocates each one that is made.
	tell func(jsonstream.Kind)
	open []Call
	// alone tells that nothing else is answered than one call.
	alone bool
	// unpaid is what calls cost that failed, since it was asked for, and failed are they.
	unpaid uint32
	failed []Failed
	reply
}

// reply is what is known of the message that is being read.
type reply struct {
	depth  int // of its members
	member member
	id     string // as in Call
	known  bool   // the id could be read
	method bool   // it is a request or a notification of the service
	result bool
	fails  bool
}

// member is the member of a message whose value is being read.
type member uint8

const (
	otherMember member = iota
	methodMember
	idMember
	resultMember
	errorMember
	isErrorMember // of the result
	toolsMember   // of the result, too
)

// AnswerHeaders settles the calls by the status and the media type of the answer, or
// prepares to read it. end tells that nothing follows.
func (s *State) AnswerHeaders(status int, contentType string, end bool) (unpaid uint32) {
	isEvents := hasMediaType(contentType, "text/event-stream")
	switch {
	case !s.Settling():
		return 0
	case status >= 400:
		return s.refundAll(status)
	case end || !isEvents && !hasMediaType(contentType, "application/json"):
		s.payAll()
		return 0
	}
	if s.spare.answer == nil {
		s.spare.answer = &answer{}
		s.spare.answer.tell = s.spare.answer.see
	}
	s.answer = s.spare.answer
	s.answer.begin(s.calls, s.alone && len(s.calls) == 1 && s.calls[0].ID != "")
	if isEvents {
		s.answer.events = &s.answer.stream
	}
	return 0
}

// begin begins an answer, in the memory of an earlier one.
func (a *answer) begin(open []Call, alone bool) {
	*a = answer{open: open, alone: alone, tell: a.tell, failed: a.failed[:0]}
}

func hasMediaType(contentType, want string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(ascii.TrimBlanks(mediaType), want)
}

// Follows tells whether the answer's body has to be read.
func (s *State) Follows() bool { return s.answer != nil && s.Settling() }

// AnswerBody reads a piece of the answer. It returns what calls cost that failed.
func (s *State) AnswerBody(piece []byte, end bool) (unpaid uint32) {
	a := s.answer
	if a == nil {
		return 0
	}
	if a.events != nil {
		a.feedEvents(piece)
	} else {
		a.json.Feed(piece, a.tell)
	}
	if s.calls = a.open; end {
		s.payAll()
	}
	s.failed = append(s.failed, a.failed...)
	unpaid, a.unpaid, a.failed = a.unpaid, 0, a.failed[:0]
	return unpaid
}

// feedEvents reads a piece of a stream of events, each of which has a document.
func (a *answer) feedEvents(piece []byte) {
	for _, c := range piece {
		switch a.events.Next(c) {
		case sse.Data:
			a.json.Next(c, a.tell)
		case sse.MoreData:
			a.json.Next('\n', a.tell)
		case sse.End:
			a.json.Finish(a.tell)
			a.json, a.reply = jsonstream.Reader{}, reply{}
		}
	}
}

// see sees a token.
func (a *answer) see(k jsonstream.Kind) {
	depth := a.json.Depth()
	switch {
	case k == jsonstream.BeginObject && a.depth == 0 && depth <= 2: // in a batch, it is the second
		a.reply = reply{depth: depth}
	case k == jsonstream.End && depth == a.depth-1:
		a.settle()
		a.reply = reply{}
	case a.depth == 0:
	case k == jsonstream.Name && depth == a.depth:
		a.member = a.memberNamed()
	case k == jsonstream.Name && depth == a.depth+1 && (a.member == resultMember || a.member == isErrorMember):
		a.member = resultMember
		if a.json.Is("isError") {
			a.member = isErrorMember
		}
	default:
		a.value(k, depth)
	}
}

func (a *answer) memberNamed() member {
	switch {
	case a.json.Is("method"):
		return methodMember
	case a.json.Is("id"):
		return idMember
	case a.json.Is("result"):
		return resultMember
	case a.json.Is("error"):
		return errorMember
	}
	return otherMember
}

// value sees a value, or the beginning of one.
func (a *answer) value(k jsonstream.Kind, depth int) {
	isHere := depth == a.depth
	switch {
	case k == jsonstream.End:
	case a.member == methodMember && isHere:
		a.method = true
	case a.member == idMember && isHere:
		text, known := a.json.Text()
		a.id, a.known = nameOfID(string(text), k == jsonstream.String), known
	case a.member == resultMember && (isHere || depth == a.depth+1 && k == jsonstream.BeginObject):
		a.result = true
	case a.member == errorMember && (isHere && !a.json.Is("null") || depth == a.depth+1 && k == jsonstream.BeginObject):
		a.fails = true
	case a.member == isErrorMember && depth == a.depth+1 && k == jsonstream.Literal && a.json.Is("true"):
		a.fails = true
	}
}

// settle settles the call that a message answers. If the request is nothing but one call, it
// is that one: services write ids in spellings of their own.
func (a *answer) settle() {
	if a.method || !a.result && !a.fails {
		return
	}
	for i := range a.open {
		if !a.alone && (!a.known || a.open[i].ID != a.id) {
			continue
		}
		a.close(&a.open[i])
		a.open = append(a.open[:i], a.open[i+1:]...)
		return
	}
}

// statusOK stands for all statuses of an answer that is read.
const statusOK = 200

// close settles a call by the reply that was read.
func (a *answer) close(c *Call) {
	if !a.fails {
		c.meter.commit(c.Cost)
		return
	}
	a.unpaid += c.refund(&a.failed, statusOK)
}

// nameOfID returns what an id is compared by: its text, and whether it is a string.
func nameOfID(text string, isString bool) string {
	if isString {
		return `"` + text
	}
	return text
}
