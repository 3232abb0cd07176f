package mcp

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/jsonstream"
	"github.com/gatewarden/gatewarden/internal/sse"
	"github.com/gatewarden/gatewarden/internal/text"
)

// A list of tools is filtered to those that the caller may use, as it passes: in JSON and in
// events, in an answer to tools/list and in a stream that repeats one. Only one tool is held
// at a time. All other bytes stay as they are, but for the hint that a result is the same for
// every caller (cacheScope, MCP 2026-07-28): what was filtered for one is not for others.
// What a tool costs is added to it, if that is asked for.

// maxTool is how long a tool in a list may be, in bytes. A longer one is left out: it cannot
// be held until its name is known.
const maxTool = 256 << 10

// Allows tells whether the caller has all of some scopes.
type Allows func(scopes []string) bool

// list filters the lists of tools in one answer.
type list struct {
	room   *Room
	rank   int // of the caller's tier
	allows Allows

	events *sse.Reader // stream, or nil if the answer is one JSON document
	stream sse.Reader
	json   jsonstream.Reader
	tell   func(jsonstream.Kind) // see, made once
	place  place
	base   int // the depth of a message's members; 0 outside of messages
	member member

	held    []byte // the tool that is being read, and what is between it and the one before
	comma   int    // the place in held of the comma before the tool, plus one; 0 if there is none
	mixed   bool   // what is held has an element before the tool that is none
	any     bool   // the list has a tool that was passed on
	named   bool   // the next string is the tool's name
	exact   bool   // it is so for every client
	price   annotation
	denied  bool // the caller may not use the tool
	known   bool // its name was read
	passes  bool // the current byte is passed on, wherever it stands
	decides bool // the current byte ends a tool
	quote   int  // the place in held of the quotation mark of a cacheScope, plus one
	public  bool // it is "public"
	ends    bool // the current byte ends it
}

// place is where in an answer the filter is.
type place uint8

const (
	elsewhere place = iota
	inList          // in a list of tools, between two
	inTool
	inScope // behind the name cacheScope
)

// maxScope is how much is held of a cacheScope, in bytes. A longer one is no word of MCP.
const maxScope = 128

// AwaitsList tells whether the answer may have a list of tools that must not pass as it is.
func (s *State) AwaitsList() bool { return s.lists && s.rule.room.changesLists() }

// ListHeaders tells whether the answer's body has to be filtered. It is not readable if it
// is compressed in spite of what the service was asked for: nothing of it may pass.
func (s *State) ListHeaders(contentType, contentEncoding string, id *caller.Identity, allows Allows) (filters, readable bool) {
	if !s.AwaitsList() {
		return false, true
	}
	isEvents := hasMediaType(contentType, "text/event-stream")
	if !isEvents && (s.streams || !hasMediaType(contentType, "application/json")) {
		return false, true
	}
	if contentEncoding != "" && !strings.EqualFold(contentEncoding, "identity") {
		hides := s.rule.room.hides // a list without prices may pass
		return hides, !hides
	}
	rank := 0
	if id.Verified {
		rank = s.rule.room.rank(id.Tier)
	}
	if s.spare.list == nil {
		s.spare.list = &list{}
		s.spare.list.tell = s.spare.list.see
	}
	s.list = s.spare.list
	s.list.begin(s.rule.room, rank, allows)
	if isEvents {
		s.list.events = &s.list.stream
	}
	return true, true
}

// maxSpare is how much memory a list leaves to the next one, in bytes.
const maxSpare = 8 << 10

// begin begins a list, in the memory of an earlier one.
func (l *list) begin(r *Room, rank int, allows Allows) {
	*l = list{room: r, rank: rank, allows: allows, tell: l.tell, held: l.held[:0], price: annotation{taken: l.price.taken[:0]}}
}

// end forgets what was read, and what took much memory.
func (l *list) end() {
	if l.allows = nil; cap(l.held) > maxSpare {
		l.held = nil
	}
}

// annotates tells whether lists say what tools cost.
func (r *Room) annotates() bool { return r.config.Annotate }

// changesLists tells whether not every list may pass as it is.
func (r *Room) changesLists() bool { return r.hides || r.annotates() }

// Filters tells whether the answer's body is being filtered.
func (s *State) Filters() bool { return s.list != nil }

// ListBody filters a piece of the answer, and appends to out what of it may pass.
func (s *State) ListBody(out, piece []byte) []byte {
	l := s.list
	for _, c := range piece {
		out = l.take(out, c)
	}
	return out
}

// take reads a byte, and appends what passes.
func (l *list) take(out []byte, c byte) []byte {
	l.passes, l.decides, l.ends = false, false, false
	if l.events == nil {
		l.read(c)
		return l.route(out, c)
	}
	switch l.events.Next(c) {
	case sse.Data:
		l.read(c)
	case sse.MoreData:
		l.json.Next('\n', l.tell)
	case sse.End:
		l.json, l.base = jsonstream.Reader{}, 0
		if l.place != elsewhere { // it ends in the middle of a list, and its last line was held
			l.place = elsewhere
			if l.room.hides {
				l.forget()
				out = append(out, '\n')
			}
		}
	}
	return l.route(out, c)
}

// read reads a byte of JSON.
func (l *list) read(c byte) {
	switch {
	case c == ',' && l.place == inList:
		l.comma = len(l.held) + 1
	case c == '"' && l.place == inScope && l.quote == 0:
		l.quote = len(l.held) + 1
	}
	l.json.Next(c, l.tell)
}

// forget forgets what is held.
func (l *list) forget() { l.held, l.comma, l.mixed = l.held[:0], 0, false }

// route passes a byte on, or holds it.
func (l *list) route(out []byte, c byte) []byte {
	if l.ends || l.place == inScope && !l.passes {
		return l.routeScope(out, c)
	}
	if l.passes || l.place == elsewhere && !l.decides {
		out = append(out, l.held...) // only where nothing is left out
		l.forget()
		return append(out, c)
	}
	if len(l.held) == maxTool && !l.room.hides { // every tool passes, a long one without its price
		out = append(out, l.held...)
		l.held, l.price.long = l.held[:0], true
	}
	if len(l.held) < maxTool {
		l.held = append(l.held, c)
	} else {
		l.denied = true
	}
	if !l.decides {
		return out
	}
	l.place = inList
	if l.denied || !l.known && !l.may(l.room.other) {
		l.forget()
		return out
	}
	from := 0
	if !l.any && !l.mixed && l.comma > 0 && l.room.hides { // a tool that comes first has no comma before it
		out = append(out, l.held[:l.comma-1]...)
		from = l.comma
	}
	if l.room.annotates() {
		out = l.price.appendTo(out, l.held, from, l.room)
	} else {
		out = append(out, l.held[from:]...)
	}
	l.any = true
	l.forget()
	return out
}

// routeScope holds a byte of a cacheScope, or ends it.
func (l *list) routeScope(out []byte, c byte) []byte {
	if l.held = append(l.held, c); !l.ends && len(l.held) < maxScope {
		return out
	}
	if l.place = elsewhere; l.public {
		l.held = append(l.held[:l.quote-1], `"private"`...)
	}
	out = append(out, l.held...)
	l.forget()
	return out
}

// see sees a token.
func (l *list) see(k jsonstream.Kind) {
	depth := l.json.Depth()
	switch {
	case l.place == inScope:
		l.place, l.ends = elsewhere, true
		l.public = k == jsonstream.String && l.json.Is("public") && l.quote > 0
	case l.place == inTool:
		l.seeTool(k, depth)
	case l.place == inList:
		l.seeList(k, depth)
	case k == jsonstream.BeginObject && l.base == 0 && depth <= 2: // in a batch, it is the second
		l.base = depth
	case k == jsonstream.End && depth == l.base-1:
		l.base = 0
	case l.base == 0:
	case k == jsonstream.Name && depth == l.base:
		l.member = otherMember
		if l.isNamed("result") {
			l.member = resultMember
		}
	case k == jsonstream.Name && depth == l.base+1 && l.member != otherMember:
		l.member = resultMember
		switch {
		case l.isNamed("tools"):
			l.member = toolsMember
		case l.room.hides && l.isNamed("cacheScope"):
			l.place, l.passes, l.quote, l.public = inScope, true, 0, false
		}
	case k == jsonstream.BeginList && depth == l.base+2 && l.member == toolsMember:
		l.place, l.passes, l.any = inList, true, false
	}
}

// isNamed tells whether a client may take the name that was read for this one.
func (l *list) isNamed(name string) bool {
	is, known := l.json.Text()
	return known && strings.EqualFold(text.View(is), name)
}

// seeList sees a token between two tools.
func (l *list) seeList(k jsonstream.Kind, depth int) {
	switch {
	case k == jsonstream.BeginObject:
		l.place = inTool
		l.named, l.denied, l.known = false, false, false
		l.price.begin()
	case k == jsonstream.End && depth == l.base+1: // of the list
		if l.place = elsewhere; l.room.hides {
			l.forget()
		}
	default:
		l.mixed = true
	}
}

// seeTool sees a token of a tool.
func (l *list) seeTool(k jsonstream.Kind, depth int) {
	own := l.base + 3 // the depth of the tool's members
	l.price.see(k, &l.json, own, len(l.held))
	switch {
	case k == jsonstream.End && depth == own-1:
		l.decides = true
	case depth != own:
	case k == jsonstream.Name:
		if l.named = l.isNamed("name"); l.named {
			l.price.names++
			l.exact = l.json.Is("name")
		}
	case k == jsonstream.String && l.named:
		is, known := l.json.Text()
		if !known {
			is = nil // no tool that is configured has such a name
		}
		t := l.room.toolNamed(text.View(is))
		l.known, l.denied = true, l.denied || !l.may(t)
		if l.exact {
			l.price.tool = t
		}
	}
}

// may tells whether the caller may use a tool.
func (l *list) may(t *tool) bool { return l.rank >= t.rank && l.allows(t.scopes) }
