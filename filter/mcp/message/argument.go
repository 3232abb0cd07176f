package message

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Argument is the value of an argument of a call.
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
	for _, name := range way {
		var found gjson.Result
		if !at.IsObject() {
			return misplaced(at), true
		}
		ok := true
		at.ForEach(func(key, value gjson.Result) bool {
			switch {
			case key.Str == prototype:
				ok = false
			case strings.EqualFold(key.Str, name):
				ok = key.Str == name && !found.Exists()
				found = value
			}
			return ok
		})
		if !ok {
			return Argument{}, false
		}
		at = found
	}
	return argument(at), true
}

// misplaced returns what stands where an object with the argument should. Some services
// read a text there as JSON and find the argument in it, so it is a value, although nobody
// knows which one.
func misplaced(v gjson.Result) Argument {
	if v.Type == gjson.Null { // there is none
		return Argument{}
	}
	return Argument{Exists: true, Text: v.Raw}
}

func argument(v gjson.Result) Argument {
	switch v.Type {
	case gjson.String:
		return Argument{Exists: true, Text: v.Str}
	case gjson.Number:
		return Argument{Exists: true, Text: v.Raw, IsNumber: true, Number: v.Num}
	case gjson.True, gjson.False:
		return Argument{Exists: true, Text: v.Raw}
	case gjson.JSON:
		return Argument{Exists: true, Text: v.Raw}
	}
	return Argument{}
}
