package message

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// prototype is a name by which an object of JavaScript inherits members, if it was copied
// member by member: {"__proto__": {"quality": "ultra"}} then has a quality.
const prototype = "__proto__"

// members finds the members of an object with these names, and stores their JSON in found,
// which is as long. It leaves nil for one that is missing. It is not ok if one of them occurs
// twice, or in other letters, or could be inherited: parsers then differ in what they take
// for its value. Some ignore the letter case of names, those of Go in all of Unicode.
func members(object []byte, names []string, found [][]byte) (ok bool) {
	ok = true
	walk(object, func(name, value []byte) bool {
		if ok = string(name) != prototype; !ok {
			return false
		}
		for i := range names {
			switch {
			case string(name) == names[i]:
				ok = len(found[i]) == 0
				found[i] = value
			case bytes.EqualFold(name, []byte(names[i])):
				ok = false
			}
		}
		return ok
	})
	return ok
}

// isMangled tells whether a text has an escape for half a character, as in "\ud83d". Some
// parsers keep it, some replace it, and some refuse it.
func isMangled(v gjson.Result) bool {
	const replacement = "\ufffd" // by gjson
	return v.Type == gjson.String && strings.Contains(v.Str, replacement) && strings.Contains(v.Raw, `\u`)
}
