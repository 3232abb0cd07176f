package message

import (
	"math"

	"github.com/tidwall/gjson"
)

// IDText returns the text of the id, without escapes if it is a string.
func (m *Message) IDText() string {
	if m.id.Type == gjson.String {
		return m.id.Str
	}
	return m.id.Raw
}

// IDIsString tells whether the id is a string.
func (m *Message) IDIsString() bool { return m.id.Type == gjson.String }

// repeatsID tells whether one of the messages has the same id. Nobody could tell then which of
// the two an answer is for, so that the failure of a cheap call could pass for that of a dear
// one.
func (m *Message) repeatsID(others []Message) bool {
	if m.ID == "" {
		return false
	}
	for i := range others {
		if o := &others[i]; o.ID != "" && o.id.Type == m.id.Type && o.id.Str == m.id.Str && whole(o.id.Num) == whole(m.id.Num) {
			return true
		}
	}
	return false
}

// whole returns the whole number that a service may take for an id: those on Node round what
// is longer than a float64 can hold, and those in Go cut off the fraction and everything that
// is longer than an int64.
func whole(n float64) float64 {
	const tooLong = 1 << 63
	if n = math.Trunc(n); n >= tooLong || n <= -tooLong {
		return tooLong
	}
	return n
}
