// Package jsonguard tells JSON that is safe to hand to gjson from other bytes.
package jsonguard

import "github.com/tidwall/gjson"

// MaxDepth is how deep arrays and objects may be nested. gjson validates by
// recursion and TinyGo's stack is small: without a bound, a body of brackets
// would trap the VM.
const MaxDepth = 64

// Valid tells whether b is one valid JSON value, nested no deeper than MaxDepth.
func Valid(b []byte) bool { return shallow(b) && gjson.ValidBytes(b) }

func shallow(b []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++ // in a string it escapes the next byte; elsewhere it is not JSON
		case '"':
			quoted = !quoted
		case '{', '[':
			if !quoted {
				depth++
			}
		case '}', ']':
			if !quoted {
				depth--
			}
		}
		if depth > MaxDepth {
			return false
		}
	}
	return true
}
