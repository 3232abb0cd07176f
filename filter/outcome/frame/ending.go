package frame

// unauthenticated is the error code of Connect for a credential that was wrong.
// See https://connectrpc.com/docs/protocol#error-codes
const unauthenticated = "unauthenticated"

// ending looks for the code in {"error": {"code": "..."}}.
type ending struct {
	depth   int  // of objects and arrays; 1 means inside the outermost object
	key     bool // the next string names a member on the way to the code
	name    name // of the member whose value comes
	inError bool // inside of the object "error"
	failed  bool // there is an error
	quoted  bool // inside of a string
	escaped bool // the next byte is escaped
	how     Ending
	length  uint8
	text    [len(unauthenticated)]byte
}

// name is a name that matters.
type name uint8

const (
	otherName name = iota
	errorName
	codeName
)

// octet reads the next byte. told tells whether there is nothing more to be known.
func (e *ending) octet(c byte) (how Ending, told bool) {
	switch {
	case e.quoted:
		e.inString(c)
		return e.how, e.how == Unauthenticated
	case e.depth == 0 && c != '{':
		return Unknown, c != ' ' && c != '\t' && c != '\r' && c != '\n'
	case c == '"':
		e.quoted, e.length = true, 0
	case c == '{' || c == '[':
		e.open(c)
	case c == '}' || c == ']':
		return e.shut()
	case c == ':':
		e.key = false
	case c == ',':
		e.name = otherName
		e.key = e.isOnWay()
	case e.name == errorName && e.depth == 1 && (c == 't' || c == 'f' || '0' <= c && c <= '9' || c == '-'):
		e.failed = true // null is no error
	}
	return e.how, false
}

// isOnWay tells whether members are those of the message, or of its error.
func (e *ending) isOnWay() bool { return e.depth == 1 || e.depth == 2 && e.inError }

func (e *ending) open(c byte) {
	if e.depth == 1 && e.name == errorName {
		e.failed, e.inError = true, c == '{'
	}
	e.depth++
	e.name, e.key = otherName, c == '{' && e.isOnWay()
}

// shut ends an object or array. How the call ended is known when the outermost ends.
func (e *ending) shut() (how Ending, told bool) {
	e.depth--
	e.key, e.name = false, otherName
	switch {
	case e.depth == 1:
		e.inError = false
	case e.depth == 0 && e.failed:
		return Otherwise, true
	case e.depth == 0:
		return Succeeded, true
	}
	return e.how, false
}

// inString reads a byte of a string. No name and no code needs an escape, so that a
// string with one is another string.
func (e *ending) inString(c byte) {
	switch {
	case e.escaped:
		e.escaped = false
	case c == '"':
		e.endString()
		return
	case c == '\\':
		e.escaped = true
	}
	if int(e.length) == len(e.text) {
		e.text[0] = 0
		return
	}
	e.text[e.length] = c
	e.length++
}

func (e *ending) endString() {
	e.quoted = false
	text := string(e.text[:e.length])
	switch {
	case e.key && e.depth == 1 && text == "error":
		e.name = errorName
	case e.key && e.depth == 2 && text == "code":
		e.name = codeName
	case e.key:
	case e.name == errorName && e.depth == 1:
		e.failed = true
	case e.name == codeName && text == unauthenticated:
		e.how = Unauthenticated
	}
}
