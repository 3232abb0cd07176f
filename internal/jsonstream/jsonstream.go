// Package jsonstream reads JSON that arrives in pieces. It reports each token as it ends
// and keeps no more than one.
//
// The reader is lenient: it takes for JSON what looks like it. Where a text must be valid,
// check it before, with package jsonguard.
package jsonstream

import (
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Kind is the kind of a token.
type Kind uint8

// The kinds. The depth of [Reader.Depth] is that within the object or list for the
// tokens that begin one, and that around it for End.
const (
	BeginObject Kind = iota
	BeginList
	End
	// Name is the name of a member.
	Name
	String
	// Literal is a number, true, false or null.
	Literal
)

// MaxText is how long a name, a string or a literal can be to be known, in bytes.
const MaxText = 256

// MaxDepth is how deep objects and lists may be nested.
const MaxDepth = 64

// Reader reads one text. The zero Reader is ready.
type Reader struct {
	state  state
	depth  int
	lists  uint64 // a bit for each depth: it is a list
	named  bool   // the next string is the name of a member
	broken bool

	text   [MaxText]byte
	length int
	long   bool
	escape int  // what an escape sequence still lacks: 1 its letter, 2 to 5 hex digits
	unit   rune // of a \u escape
	high   rune // a surrogate that waits for its other half
}

type state uint8

const (
	between state = iota // between two tokens
	inString
	inLiteral
	over
)

// Depth returns how many objects and lists are open.
func (r *Reader) Depth() int { return r.depth }

// Text returns the name, string or literal that was read last, without escapes, and whether
// it is known: one that is longer than [MaxText] is not. It is valid until the next piece.
func (r *Reader) Text() (text []byte, known bool) { return r.text[:r.length], !r.long }

// Is tells whether that text is a certain one.
func (r *Reader) Is(is string) bool { return !r.long && text.View(r.text[:r.length]) == is }

// Broken tells that the text is no JSON, or is nested too deeply.
func (r *Reader) Broken() bool { return r.broken }

// Over tells that the text has ended: nothing more is read.
func (r *Reader) Over() bool { return r.state == over }

// Feed reads a piece, and calls see for each token that ends in it.
func (r *Reader) Feed(piece []byte, see func(Kind)) {
	for _, c := range piece {
		r.Next(c, see)
	}
}

// Next reads one byte, which may end two tokens.
func (r *Reader) Next(c byte, see func(Kind)) {
	switch r.state {
	case between:
		r.begin(c, see)
	case inString:
		r.readString(c, see)
	case inLiteral:
		r.readLiteral(c, see)
	}
}

// Finish ends the text: a literal at its end is a token, too.
func (r *Reader) Finish(see func(Kind)) {
	if r.state == inLiteral {
		see(Literal)
	}
	r.broken = r.broken || r.state != over && r.depth > 0
	r.state = over
}

func (r *Reader) fail() { r.broken, r.state = true, over }

// begin reads a character between two tokens.
func (r *Reader) begin(c byte, see func(Kind)) {
	switch c {
	case ' ', '\t', '\r', '\n':
	case ',':
		r.named = r.depth > 0 && r.lists>>(r.depth-1)&1 == 0
	case ':':
		r.named = false
	case '"':
		r.state = inString
		r.clear()
	case '{', '[':
		r.enter(c == '[', see)
	case '}', ']':
		r.leave(see)
	default:
		r.state = inLiteral
		r.clear()
		r.put(c)
	}
}

func (r *Reader) enter(list bool, see func(Kind)) {
	if r.depth == MaxDepth {
		r.fail()
		return
	}
	r.lists &^= 1 << r.depth
	if list {
		r.lists |= 1 << r.depth
	}
	r.depth++
	if r.named = !list; list {
		see(BeginList)
		return
	}
	see(BeginObject)
}

func (r *Reader) leave(see func(Kind)) {
	if r.depth == 0 {
		r.fail()
		return
	}
	r.named = false
	r.depth--
	see(End)
	if r.depth == 0 {
		r.state = over
	}
}

func (r *Reader) readLiteral(c byte, see func(Kind)) {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ':', '"', '{', '[', '}', ']':
		r.state = between
		see(Literal)
		r.begin(c, see)
	default:
		r.put(c)
	}
}

func (r *Reader) readString(c byte, see func(Kind)) {
	switch {
	case r.escape == 1:
		r.escaped(c)
	case r.escape > 1:
		r.hex(c)
	case c == '\\':
		r.escape = 1
	case c == '"':
		r.flush()
		r.state = between
		if r.named {
			see(Name)
			return
		}
		see(String)
	default:
		r.put(c)
	}
}

func (r *Reader) clear() { r.length, r.long, r.escape, r.high = 0, false, 0, 0 }

// put keeps a byte.
func (r *Reader) put(c byte) {
	if r.high != 0 {
		r.flush()
	}
	if r.length == len(r.text) {
		r.long = true
		return
	}
	r.text[r.length] = c
	r.length++
}

// flush ends a character. A surrogate without its other half is none.
func (r *Reader) flush() {
	if r.high != 0 {
		r.high = 0
		r.putRune(utf8.RuneError)
	}
}

func (r *Reader) putRune(c rune) {
	var bytes [utf8.UTFMax]byte
	for _, b := range bytes[:utf8.EncodeRune(bytes[:], c)] {
		r.put(b)
	}
}

func (r *Reader) escaped(c byte) {
	r.escape = 0
	switch c {
	case 'u':
		r.escape, r.unit = 5, 0
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
	r.put(c)
}

// hex reads a digit of a \u escape.
func (r *Reader) hex(c byte) {
	digit := ascii.Unhex(c)
	if digit < 0 {
		r.fail()
		return
	}
	r.unit = r.unit<<4 | rune(digit)
	if r.escape--; r.escape > 1 {
		return
	}
	r.escape = 0
	switch unit, high := r.unit, r.high; {
	case unit >= 0xdc00 && unit < 0xe000 && high != 0:
		r.high = 0
		r.putRune((high-0xd800)<<10 | (unit - 0xdc00) + 0x10000)
	case unit >= 0xd800 && unit < 0xdc00:
		r.flush()
		r.high = unit
	default:
		r.flush()
		r.putRune(unit) // half a surrogate is not a character
	}
}
