package outcome

import "github.com/gatewarden/gatewarden/internal/ascii"

// tokenError finds the value of the member "error" in a JSON object that arrives in
// pieces. It keeps a few bytes, never the body.
type tokenError struct {
	state  scanState
	depth  int  // of objects and arrays; 1 means inside the outermost object
	key    bool // the current string is the name of a member of the outermost object
	found  bool // the name of the member was "error"
	escape int  // what an escape sequence still lacks: 1 its letter, 2 to 5 hex digits
	unit   int  // code unit of a \u escape
	read   int  // bytes
	length int
	text   [maxErrorCode]byte
}

type scanState uint8

const (
	scanBetween scanState = iota // between tokens
	scanString
	scanDone // the result is known
)

const (
	// maxErrorCode is the longest error code that is kept, in bytes. Every registered
	// code is shorter.
	maxErrorCode = 32
	// maxErrorBody is how much of a body is searched, in bytes.
	maxErrorBody = 64 << 10
)

// feed reads the next piece. It returns true when the result is known.
func (t *tokenError) feed(chunk []byte) (done bool) {
	for _, c := range chunk {
		if t.state == scanDone {
			return true
		}
		if t.read++; t.read > maxErrorBody {
			t.stop()
			return true
		}
		if t.state == scanString {
			t.inString(c)
		} else {
			t.between(c)
		}
	}
	return t.state == scanDone
}

// code returns the error code, or "" if there is none or the result is not known.
func (t *tokenError) code() string {
	if t.state != scanDone {
		return ""
	}
	return string(t.text[:t.length])
}

// stop ends the search without a result.
func (t *tokenError) stop() { t.state, t.length = scanDone, 0 }

func (t *tokenError) between(c byte) {
	switch c {
	case '"':
		t.state, t.length, t.escape = scanString, 0, 0
	case '{', '[':
		if t.depth == 0 && c == '[' || t.found {
			t.stop()
			return
		}
		t.depth++
		t.key = t.depth == 1
	case '}', ']':
		if t.depth--; t.depth <= 0 {
			t.stop()
		}
		t.key = false
	case ':':
		t.key = false
	case ',':
		if t.found {
			t.stop() // the value of "error" was not a string
			return
		}
		t.key = t.depth == 1
	}
}

func (t *tokenError) inString(c byte) {
	switch {
	case t.escape == 1:
		t.escaped(c)
	case t.escape > 1:
		t.hex(c)
	case c == '\\':
		t.escape = 1
	case c == '"':
		t.endString()
	default:
		t.put(c)
	}
}

func (t *tokenError) escaped(c byte) {
	t.escape = 0
	if c == 'u' {
		t.escape, t.unit = 5, 0
		return
	}
	// Error codes contain no control characters: \n and the like only have to differ
	// from every character of a code.
	switch c {
	case '"', '\\', '/':
		t.put(c)
	default:
		t.put(0)
	}
}

func (t *tokenError) hex(c byte) {
	digit := ascii.Unhex(c)
	if digit < 0 {
		t.stop()
		return
	}
	t.unit = t.unit<<4 | digit
	if t.escape--; t.escape == 1 {
		t.escape = 0
		if t.unit >= 0x80 {
			t.unit = 0
		}
		t.put(byte(t.unit))
	}
}

// put keeps a byte. A string that is longer than every code is changed so that it
// equals none.
func (t *tokenError) put(c byte) {
	if t.length < len(t.text) {
		t.text[t.length] = c
		t.length++
		return
	}
	t.text[0] = 0
}

func (t *tokenError) endString() {
	t.state = scanBetween
	switch {
	case t.depth == 0:
		t.stop() // the body is not an object
	case t.found && t.depth == 1:
		t.state = scanDone
	case t.key:
		t.found = string(t.text[:t.length]) == "error"
	}
}
