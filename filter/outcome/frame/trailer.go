package frame

const (
	// statusName is the trailer with the status of a call.
	statusName = "grpc-status"
	// maxStatus is the longest status that there is, in digits.
	maxStatus = 2
)

// trailer looks for the status among lines as of HTTP/1 headers.
type trailer struct {
	at      uint8 // bytes of the name that the line has so far
	other   bool  // the line is another one
	inValue bool
	length  uint8
	value   [maxStatus]byte
}

// octet reads the next byte, which may end the lines. told tells whether there is nothing
// more to be known.
func (t *trailer) octet(c byte, end bool) (how Ending, told bool) {
	switch {
	case c == '\r' || c == '\n':
		if t.inValue {
			return t.status(), true
		}
		*t = trailer{}
	case t.inValue:
		t.put(c)
	case t.at == uint8(len(statusName)):
		t.inValue, t.other = c == ':' && !t.other, true
	case c|0x20 == statusName[t.at] || c == statusName[t.at]:
		t.at++
	default:
		t.at, t.other = uint8(len(statusName)), true
	}
	if end && t.inValue {
		return t.status(), true
	}
	return Unknown, false
}

// put keeps a byte of the status. A longer one is changed so that it equals none.
func (t *trailer) put(c byte) {
	switch {
	case c == ' ' || c == '\t':
	case int(t.length) < len(t.value):
		t.value[t.length] = c
		t.length++
	default:
		t.value[0] = 0
	}
}

// status tells what the status says: 16 is UNAUTHENTICATED.
// See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
func (t *trailer) status() Ending {
	switch string(t.value[:t.length]) {
	case "":
		return Unknown
	case "0":
		return Succeeded
	case "16":
		return Unauthenticated
	}
	return Otherwise
}
