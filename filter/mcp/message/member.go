package message

import (
	"strings"

	"github.com/tidwall/gjson"
)

// prototype is a name by which an object of JavaScript inherits members, if it was copied
// member by member: {"__proto__": {"quality": "ultra"}} then has a quality.
const prototype = "__proto__"

// members finds the members of an object with these names, and stores them in found, which
// is as long. It is not ok if one of them occurs twice, or in other letters, or could be
// inherited: parsers then differ in what they take for its value. Some ignore the letter
// case of names, those of Go in all of Unicode.
func members(object gjson.Result, names []string, found []gjson.Result) (ok bool) {
	ok = true
	object.ForEach(func(key, value gjson.Result) bool {
		if ok = key.Str != prototype; !ok {
			return false
		}
		for i := range names {
			if !strings.EqualFold(key.Str, names[i]) {
				continue
			}
			if key.Str != names[i] || found[i].Exists() {
				ok = false
				return false
			}
			found[i] = value
		}
		return true
	})
	return ok
}

// isMangled tells whether a text has an escape for half a character, as in "\ud83d". Some
// parsers keep it, some replace it, and some refuse it.
func isMangled(v gjson.Result) bool {
	const replacement = "\ufffd" // by gjson
	return v.Type == gjson.String && strings.Contains(v.Str, replacement) && strings.Contains(v.Raw, `\u`)
}
