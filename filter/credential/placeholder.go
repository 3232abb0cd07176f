package credential

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// placeholders are what programs write for a token that they do not have: JavaScript
// (undefined, null, NaN, the two objects), Python (None), Ruby, Lua and Swift (nil), Go
// (<nil>), Objective-C and Java ((null)). The list is closed, so that it gives no
// guesses away.
// See RATIONALE.md, "Why is `Bearer undefined` no credential?"
var placeholders = [...]string{
	"undefined", "null", "NaN", "[object Object]", "[object Promise]", "None", "nil", "<nil>", "(null)",
}

// maxPlaceholder is the length of the longest placeholder.
const maxPlaceholder = len("[object Promise]")

// isPlaceholder tells whether a value stands for a missing credential. Letter case does
// not matter.
func isPlaceholder(value string) bool {
	if value == "" || len(value) > maxPlaceholder || strings.IndexByte("uUnN[<(", value[0]) < 0 {
		return false
	}
	for _, p := range placeholders {
		if ascii.EqualFold(value, p) {
			return true
		}
	}
	return false
}

// isEmptyHanded tells whether the value of a header presents nothing: a scheme without
// a token, a placeholder, or a scheme and a placeholder.
func isEmptyHanded(value string) bool {
	if isScheme(value) || isPlaceholder(value) {
		return true
	}
	scheme := 0 // the length of the first word
	for scheme < len(value) && !ascii.IsBlank(value[scheme]) {
		scheme++
	}
	return takesToken(value[:scheme]) && isPlaceholder(ascii.TrimBlanks(value[scheme:]))
}

// takesToken tells whether a scheme is followed by a token and nothing else.
func takesToken(scheme string) bool {
	return ascii.EqualFold(scheme, "bearer") || ascii.EqualFold(scheme, "token") || ascii.EqualFold(scheme, "dpop")
}
