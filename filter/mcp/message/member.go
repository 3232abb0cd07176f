package message

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/internal/text"
)

// prototype is a name by which an object of JavaScript inherits members, if it was copied
// member by member: {"__proto__": {"quality": "ultra"}} then has a quality.
const prototype = "__proto__"

// members finds the members of an object with these names, and stores their JSON in found,
// which is as long. It leaves nil for one that is missing. It is not ok if one of them occurs
// twice, or in other letters, or could be inherited: parsers then differ in what they take
// for its value. Some ignore the letter case of names, those of Go in all of Unicode.
func members(object []byte, names []string, found [][]byte) (ok bool) {
	w := walk(object)
	for name, value, more := w.next(); more; name, value, more = w.next() {
		is := text.View(name)
		if is == prototype {
			return false
		}
		for i := range names {
			switch {
			case is == names[i] && len(found[i]) == 0:
				found[i] = value
			case strings.EqualFold(is, names[i]):
				return false
			}
		}
	}
	return true
}

// textOf returns the text of a value, in memory of its own, unless the value is none.
func textOf(raw []byte) (is string, isText, isMangled bool) {
	if kindOf(raw) != '"' || len(raw) < 2 {
		return "", false, false
	}
	if plain := text.View(raw[1 : len(raw)-1]); strings.IndexByte(plain, '\\') < 0 {
		for _, known := range [...]string{ToolsCall, ToolsList, PromptsGet, ResourcesRead} {
			if plain == known {
				return known, true, false
			}
		}
		return strings.Clone(plain), true, false
	}
	v := gjson.ParseBytes(raw)
	return v.Str, true, mangles(v)
}

// mangles tells whether a text has an escape for half a character, as in "\ud83d". Some
// parsers keep it, some replace it, and some refuse it.
func mangles(v gjson.Result) bool {
	const replacement = "\ufffd" // by gjson
	return v.Type == gjson.String && strings.Contains(v.Str, replacement) && strings.Contains(v.Raw, `\u`)
}
