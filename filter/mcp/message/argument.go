package message

import (
	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/internal/text"
)

// Argument is the value of an argument of a call. Its text shares the memory of the body.
type Argument struct {
	// Exists tells that the call has the argument, with a value other than null.
	Exists bool
	// Text is its value if that is a string, and its JSON if it is anything else.
	Text string
	// IsNumber tells that it is a number, and Number which one.
	IsNumber bool
	Number   float64
}

// Argument returns an argument of a call: the member at the end of a way through nested
// objects. It is not ok if parsers could find different ones.
func (m *Message) Argument(way []string) (a Argument, ok bool) {
	at := m.arguments
	for i := range way {
		if kindOf(at) != '{' {
			return misplaced(at), true
		}
		var found [1][]byte
		if !members(at, way[i:i+1], found[:]) {
			return Argument{}, false
		}
		at = found[0]
	}
	return argument(gjson.Parse(text.View(at))), true
}

// misplaced returns what stands where an object with the argument should. Some services
// read a text there as JSON and find the argument in it, so it is a value, although nobody
// knows which one.
func misplaced(at []byte) Argument {
	if kindOf(at) == 0 || kindOf(at) == 'n' { // there is none
		return Argument{}
	}
	return Argument{Exists: true, Text: text.View(at)}
}

func argument(v gjson.Result) Argument {
	switch v.Type {
	case gjson.Null:
		return Argument{}
	case gjson.String:
		return Argument{Exists: true, Text: v.Str}
	case gjson.Number:
		return Argument{Exists: true, Text: v.Raw, IsNumber: true, Number: v.Num}
	}
	return Argument{Exists: true, Text: v.Raw}
}
