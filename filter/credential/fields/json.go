package fields

import (
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// JSON reads a JSON document. It treats as bad everything that is not strictly JSON but
// that lenient services accept: comments, other quotes, unquoted names, extra commas, and
// text after the document.
//
// Fields of a list's elements are fields of the list: in [{"user": "a"}, {"user": "b"}],
// which GraphQL accepts in one request, user occurs twice.
type JSON struct {
	found *Found
	state jsonState
	// sniff tells whether the body may be something else.
	sniff bool
	depth int
	lists uint64            // bit n: the container at depth n is a list
	bases [maxDepth]uint8   // length of the path of the container at each depth
	path  []byte            // of the current member
	isKey bool              // the current string is a name
	hex   int               // digits that the current \uXXXX still lacks
	code  rune              // its value so far
	high  rune              // the first half of a surrogate pair, or 0
	word  [len("null")]byte // the beginning of a value without quotes
	size  int               // its length
	bad   bool
}

// maxDepth bounds how deep containers may be in each other.
const maxDepth = 64

type jsonState uint8

const (
	jsonStart    jsonState = iota // before the document
	jsonOff                       // it is none
	jsonValue                     // before a value
	jsonElement                   // before a value or the end of a list
	jsonName                      // before a name
	jsonMember                    // before a name or the end of an object
	jsonColon                     // after a name
	jsonString                    // in a string
	jsonEscape                    // after a backslash in it
	jsonHex                       // in \uXXXX
	jsonWord                      // in a number, true, false or null
	jsonAfter                     // after a value
	jsonFinished                  // after the document
)

func (j *JSON) begin(found *Found, sniff bool) {
	*j = JSON{found: found, sniff: sniff, path: j.path[:0]}
}

func (j *JSON) feed(piece []byte) {
	for _, c := range piece {
		if j.bad || j.state == jsonOff {
			return
		}
		j.step(c)
	}
}

// whole tells whether a document has come, or nothing that could be one.
func (j *JSON) whole() bool {
	return !j.bad && (j.state == jsonFinished || j.state == jsonOff || j.state == jsonStart || j.state == jsonWord && j.depth == 0)
}

func (j *JSON) step(c byte) {
	switch j.state {
	case jsonString:
		j.inString(c)
		return
	case jsonEscape:
		j.escaped(c)
		return
	case jsonHex:
		j.digit(c)
		return
	case jsonWord:
		if isWord(c) {
			j.putWord(c)
			return
		}
		j.endWord()
	}
	if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
		return
	}
	j.structure(c)
}

// structure takes a character between values.
func (j *JSON) structure(c byte) {
	switch j.state {
	case jsonStart:
		j.start(c)
	case jsonElement:
		if c == ']' {
			j.pop()
			return
		}
		j.value(c)
	case jsonValue:
		j.value(c)
	case jsonMember:
		if c == '}' {
			j.pop()
			return
		}
		j.name(c)
	case jsonName:
		j.name(c)
	case jsonColon:
		j.state = jsonValue
		j.bad = c != ':'
	case jsonAfter:
		j.after(c)
	default:
		j.bad = true
	}
}

// start looks whether the body is a document. Some services skip a byte order mark, and
// some read UTF-16 and UTF-32, which only zero bytes and other marks tell.
func (j *JSON) start(c byte) {
	switch {
	case c == 0xef || c == 0xbb || c == 0xbf:
	case c == 0 || c >= 0xfe:
		j.bad = true
	case j.sniff && c != '{' && c != '[':
		j.state = jsonOff
	default:
		j.value(c)
	}
}

// inList tells whether the innermost container is a list.
func (j *JSON) inList() bool { return j.depth > 0 && j.lists>>(j.depth-1)&1 == 1 }

// value takes the first character of a value.
func (j *JSON) value(c byte) {
	if j.inList() {
		j.path = j.path[:j.bases[j.depth-1]]
	}
	switch at := index(j.found.wanted.paths, j.path); {
	case c == '{':
		if at >= 0 && !leads(j.found.wanted.paths, j.path, '.') {
			j.found.twice = j.found.twice || j.found.keep == Once // a condition of MongoDB is no name
		}
		j.push(false)
	case c == '[':
		j.push(true)
	case c == '"':
		j.found.open(at)
		j.state, j.isKey = jsonString, false
	case isWord(c):
		j.found.open(at)
		j.state, j.size = jsonWord, 0
		j.putWord(c)
	default:
		j.bad = true
	}
}

func (j *JSON) push(list bool) {
	if j.depth == maxDepth {
		j.bad = true
		return
	}
	j.bases[j.depth] = uint8(len(j.path))
	j.lists &^= 1 << j.depth
	j.state = jsonMember
	if list {
		j.lists |= 1 << j.depth
		j.state = jsonElement
	}
	j.depth++
}

func (j *JSON) pop() {
	if j.depth--; j.depth == 0 {
		j.state = jsonFinished
		return
	}
	j.state = jsonAfter
}

func (j *JSON) after(c byte) {
	switch {
	case c == ',' && j.inList():
		j.state = jsonValue
	case c == ',':
		j.state = jsonName
	case c == ']' && j.inList(), c == '}' && !j.inList():
		j.pop()
	default:
		j.bad = true
	}
}

// name takes the first character of a name.
func (j *JSON) name(c byte) {
	j.bad = c != '"'
	j.state, j.isKey = jsonString, true
	if j.path = j.path[:j.bases[j.depth-1]]; len(j.path) > 0 {
		j.putName('.')
	}
}

func (j *JSON) inString(c byte) {
	switch {
	case c == '"':
		j.endString()
	case c == '\\':
		j.state = jsonEscape
	case c < ' ':
		j.bad = true
	default:
		j.flushHigh()
		j.put(c)
	}
}

func (j *JSON) endString() {
	j.flushHigh()
	if j.isKey {
		base := j.bases[j.depth-1]
		j.path = j.path[:int(base)+len(fold(j.path[base:]))]
		j.state = jsonColon
		return
	}
	j.endValue()
}

func (j *JSON) endValue() {
	j.found.close()
	j.state = jsonAfter
	if j.depth == 0 {
		j.state = jsonFinished
	}
}

func (j *JSON) escaped(c byte) {
	j.state = jsonString
	switch c {
	case 'u':
		j.state, j.hex, j.code = jsonHex, 4, 0
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
	case '"', '\\', '/':
	default:
		j.bad = true
	}
	j.flushHigh()
	j.put(c)
}

func (j *JSON) digit(c byte) {
	n := ascii.Unhex(c)
	j.bad = n < 0
	j.code = j.code<<4 | rune(max(n, 0))
	if j.hex--; j.hex > 0 {
		return
	}
	j.state = jsonString
	switch {
	case j.high != 0 && 0xdc00 <= j.code && j.code < 0xe000:
		j.putRune(0x10000 + (j.high-0xd800)<<10 + (j.code - 0xdc00))
		j.high = 0
	case 0xd800 <= j.code && j.code < 0xdc00:
		j.flushHigh()
		j.high = j.code
	default:
		j.flushHigh()
		j.putRune(j.code)
	}
}

// flushHigh writes what services write for half a surrogate pair.
func (j *JSON) flushHigh() {
	if j.high != 0 {
		j.high = 0
		j.putRune(utf8.RuneError)
	}
}

func (j *JSON) putRune(r rune) {
	var encoded [utf8.UTFMax]byte
	for _, c := range encoded[:utf8.EncodeRune(encoded[:], r)] {
		j.put(c)
	}
}

func (j *JSON) put(c byte) {
	if j.isKey {
		j.putName(c)
		return
	}
	j.found.put(c)
}

func (j *JSON) putName(c byte) {
	if len(j.path) < maxName {
		j.path = append(j.path, c)
	}
}

func isWord(c byte) bool { return c == '+' || ascii.IsUnreserved(c) }

// putWord takes a character of a number, true, false or null. How a number is written
// does not matter: it ends in only one place.
func (j *JSON) putWord(c byte) {
	if j.size < len(j.word) {
		j.word[j.size] = c
	}
	j.size++
	j.found.put(c)
}

// endWord ends such a value. null is none.
func (j *JSON) endWord() {
	if i := j.found.now; i >= 0 && j.size == len(j.word) && j.word == [4]byte{'n', 'u', 'l', 'l'} {
		j.found.values[i] = j.found.values[i][:0]
	}
	j.endValue()
}
