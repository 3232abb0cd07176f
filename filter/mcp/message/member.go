package message

import (
	"strings"

	"github.com/tidwall/gjson"
)

// members finds the members of an object with these names, and stores them in found, which
// is as long. It is not ok if one of them
// occurs twice, or in other letters: parsers then differ in what they take for its value.
// Some ignore the letter case of names, those of Go in all of Unicode.
func members(object gjson.Result, names []string, found []gjson.Result) (ok bool) {
	ok = true
	object.ForEach(func(key, value gjson.Result) bool {
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
