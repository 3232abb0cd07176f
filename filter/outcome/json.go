package outcome

import (
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// position is where in a JSON text the reader is.
type position struct {
	depth int                          // of objects and lists; 1 means inside the outermost one
	list  [config.MaxJSONPath + 1]bool // for each depth: it is a list
	index [config.MaxJSONPath + 1]int  // for each depth: the place in the list
	names [maxMembers]uint8            // how many names of each member's path lead here
	key   bool                         // the next string is the name of a member
}

// text is the token that is being read. One that is longer than all that matter is
// equal to none.
type text struct {
	bytes  [config.MaxJSONText]byte
	length int
	long   bool
	escape int  // what an escape sequence still lacks: 1 its letter, 2 to 5 hex digits
	unit   rune // of a \u escape
	high   rune // a surrogate that waits for its other half
}

// between reads a character between two tokens.
func (r *reader) between(c byte) {
	switch {
	case c == '"':
		r.state = scanString
		r.text.clear()
	case c == '{' || c == '[':
		r.enter(c == '[')
	case c == '}' || c == ']':
		r.leave()
	case c == ',':
		r.next()
	case c == ':':
		r.where.key = false
	case !isSpace(c):
		r.state = scanLiteral
		r.text.clear()
		r.text.put(c)
	}
}

// enter begins an object or a list. A member that has one has no value that matters.
func (r *reader) enter(list bool) {
	r.settle(container)
	w := &r.where
	w.depth++
	w.key = false
	if w.depth < len(w.list) {
		w.list[w.depth], w.index[w.depth], w.key = list, 0, !list
		if list {
			r.place(nil)
		}
	}
}

// leave ends an object or a list, and the search with the outermost one. Which paths lead
// on from here, the next name or element tells.
func (r *reader) leave() {
	w := &r.where
	w.key = false
	if w.depth--; w.depth <= 0 {
		r.state = scanDone
	}
}

// next comes to the next member or element.
func (r *reader) next() {
	w := &r.where
	switch {
	case w.depth >= len(w.list):
	case w.list[w.depth]:
		w.index[w.depth]++
		r.place(nil)
	default:
		w.key = true
	}
}

// place notes which paths lead to the member with a name, or to the next element if name
// is nil.
func (r *reader) place(name []byte) {
	w := &r.where
	for i := range r.members {
		m := &r.members[i]
		if int(w.names[i]) < w.depth-1 {
			continue
		}
		w.names[i] = uint8(w.depth - 1)
		if len(m.Path) < w.depth {
			continue
		}
		if name == nil && m.position[w.depth-1] == w.index[w.depth] || name != nil && m.Path[w.depth-1] == string(name) {
			w.names[i]++
		}
	}
}

// form is the form of a value.
type form uint8

const (
	container form = iota // an object or a list
	literal               // a number, true, false or null
	quoted                // a string
)

// settle notes the value of each member that is here: the text that was read.
func (r *reader) settle(f form) {
	depth := r.where.depth
	for i := range r.members {
		m := &r.members[i]
		if depth == 0 || len(m.Path) != depth || int(r.where.names[i]) != depth {
			continue
		}
		value := -1
		if f != container && !r.text.long {
			value = m.value(r.text.bytes[:r.text.length], f == quoted)
		}
		r.note(i, value)
	}
}

func (r *reader) inLiteral(c byte) {
	if !isSpace(c) && c != ',' && c != ']' && c != '}' && c != ':' && c != '"' && c != '[' && c != '{' {
		r.text.put(c)
		return
	}
	r.state = scanBetween
	r.settle(literal)
	if r.state == scanBetween {
		r.between(c)
	}
}

func (r *reader) inString(c byte) {
	t := &r.text
	switch {
	case t.escape == 1:
		t.escaped(c)
	case t.escape > 1:
		if !t.hex(c) {
			r.state = scanDone
		}
	case c == '\\':
		t.escape = 1
	case c == '"':
		r.endString()
	default:
		t.put(c)
	}
}

func (r *reader) endString() {
	r.state = scanBetween
	r.text.flush()
	if !r.where.key {
		r.settle(quoted)
		return
	}
	name := r.text.bytes[:r.text.length]
	if r.text.long {
		name = []byte{} // no path has an empty name
	}
	r.place(name)
}

func (t *text) clear() { t.length, t.long, t.escape, t.high = 0, false, 0, 0 }

// put keeps a byte.
func (t *text) put(c byte) {
	if t.high != 0 {
		t.flush()
	}
	if t.length == len(t.bytes) {
		t.long = true
		return
	}
	t.bytes[t.length] = c
	t.length++
}

// flush ends a character. A surrogate without its other half is none.
func (t *text) flush() {
	if t.high != 0 {
		t.high = 0
		t.putRune(utf8.RuneError)
	}
}

func (t *text) putRune(r rune) {
	var bytes [utf8.UTFMax]byte
	for _, c := range bytes[:utf8.EncodeRune(bytes[:], r)] {
		t.put(c)
	}
}

func (t *text) escaped(c byte) {
	t.escape = 0
	switch c {
	case 'u':
		t.escape, t.unit = 5, 0
		return
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	}
	t.put(c)
}

// hex reads a digit of a \u escape. It returns false if it is none.
func (t *text) hex(c byte) bool {
	digit := ascii.Unhex(c)
	if digit < 0 {
		return false
	}
	t.unit = t.unit<<4 | rune(digit)
	if t.escape--; t.escape > 1 {
		return true
	}
	t.escape = 0
	switch unit, high := t.unit, t.high; {
	case unit >= 0xdc00 && unit < 0xe000 && high != 0:
		t.high = 0
		t.putRune((high-0xd800)<<10 | (unit - 0xdc00) + 0x10000)
	case unit >= 0xd800 && unit < 0xdc00:
		t.flush()
		t.high = unit
	default:
		t.flush()
		t.putRune(unit) // half a surrogate is not a character
	}
	return true
}
