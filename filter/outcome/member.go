package outcome

import (
	"strconv"

	"github.com/gatewarden/gatewarden/config"
)

// member is a member of a JSON body, or the parameter of a form with the name Path[0],
// and the values of it that matter.
type member struct {
	config.JSONCondition
	position []int // of each name, if it names an element of a list; else -1
}

func newMember(c config.JSONCondition) member {
	m := member{JSONCondition: c, position: make([]int, len(c.Path))}
	for i, name := range c.Path {
		n, err := strconv.Atoi(name)
		if m.position[i] = n; err != nil || n < 0 || strconv.Itoa(n) != name {
			m.position[i] = -1
		}
	}
	return m
}

// value returns the place of a value, or -1 if it is none of those that matter.
func (m *member) value(text []byte, isString bool) int {
	for i := range m.Values {
		if m.Values[i].IsString == isString && m.Values[i].Text == string(text) {
			return i
		}
	}
	return -1
}

const (
	// maxMembers is how many members the conditions of a surface can read.
	maxMembers = 2 * config.MaxConditions
	// maxBody is how much of a body is read, in bytes.
	maxBody = 64 << 10
)

// reader finds the values of members in a body that arrives in pieces: in JSON, and if
// that is wanted in a form. It keeps a few bytes, never the body. Of a member that is
// there twice, the first counts.
type reader struct {
	members []member
	forms   bool
	wanted  uint32            // a bit for each member that is not found yet
	found   [maxMembers]uint8 // what each member has: nothing yet, another value, or one that matters
	state   scanState
	read    int  // bytes
	overrun bool // the body is longer than what is read
	where   position
	text    text
}

type scanState uint8

const (
	scanStart   scanState = iota
	scanBetween           // between tokens of JSON
	scanString
	scanLiteral
	scanForm
	scanDone
)

// What a member has. A value that matters is matters plus its place.
const (
	nothing = iota
	another
	matters
)

// begin makes the reader look for members, a bit for each.
func (r *reader) begin(members []member, wanted uint32, forms bool) {
	*r = reader{members: members, wanted: wanted, forms: forms}
}

// feed reads the next piece. It returns true if nothing more has to be read.
func (r *reader) feed(piece []byte) (done bool) {
	for _, c := range piece {
		if r.state == scanDone {
			return true
		}
		if r.read++; r.read > maxBody {
			r.state, r.overrun = scanDone, true
			return true
		}
		r.take(c)
	}
	return r.state == scanDone
}

func (r *reader) take(c byte) {
	switch r.state {
	case scanStart:
		r.start(c)
	case scanBetween:
		r.between(c)
	case scanString:
		r.inString(c)
	case scanLiteral:
		r.inLiteral(c)
	case scanForm:
		r.inForm(c)
	}
}

// start finds out what the body is. It skips white space and a byte order mark.
func (r *reader) start(c byte) {
	switch {
	case isSpace(c) || c == 0xef || c == 0xbb || c == 0xbf:
	case c == '{' || c == '[':
		r.state = scanBetween
		r.between(c)
	case r.forms:
		r.state = scanForm
		r.inForm(c)
	default:
		r.state = scanDone // the body is neither an object nor a list
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// end ends the body.
func (r *reader) end() {
	if r.state == scanForm {
		r.endParameter()
	}
}

// has returns the place of the value that matters and that a member has, or -1.
func (r *reader) has(member int) int { return max(int(r.found[member])-matters, -1) }

// note notes the value of a member, if it is wanted. It ends the search if that was the
// last one.
func (r *reader) note(i int, value int) {
	if r.wanted>>i&1 == 0 {
		return
	}
	r.found[i] = uint8(another + 1 + value)
	if r.wanted &^= 1 << i; r.wanted == 0 {
		r.state = scanDone
	}
}
