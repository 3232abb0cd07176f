package config

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// whole is the path of a violation that concerns the whole configuration.
const whole = "configuration"

// maxItems limits every list that has no smaller limit of its own.
const maxItems = 1024

// value is a JSON value, its path, and the place for its violations.
type value struct {
	path string
	json gjson.Result
	out  *violations
}

func (v value) bad(message string) {
	if v.path == "" {
		v.path = whole
	}
	v.out.add(v.path, message)
}

func (v value) wrongType(right string) {
	v.bad("is " + typeName(v.json) + "; write " + right)
}

// under returns the value of a key of v.
func (v value) under(key string, json gjson.Result) value {
	return value{keyPath(v.path, key), json, v.out}
}

// keyPath appends a key to a path. It quotes a key that would make the path
// ambiguous.
func keyPath(path, key string) string {
	for i := 0; i < len(key); i++ {
		if !isAlphanumeric(key[i]) && key[i] != '_' && key[i] != '-' {
			return path + "[" + quote(key) + "]"
		}
	}
	switch {
	case key == "" || len(key) > maxQuoted:
		return path + "[" + quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// A field reads one key of an object into a T.
type field[T any] struct {
	key string
	// required is the remedy if the key is missing; "" if the key is optional.
	required string
	read     func(v value, into *T)
	// below lists the keys of the object or objects in the value.
	below []string
}

// readObject reads fields in the order of the table, so that a field can depend on
// those above it. It returns the values by field, or nil if v is not an object.
func readObject[T any](v value, fields []field[T], into *T) []gjson.Result {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	found := v.members(keys)
	for i := range found {
		f, member := fields[i], v.under(fields[i].key, found[i])
		switch {
		case found[i].Exists():
			f.read(member, into)
		case f.required != "":
			member.bad("is missing; " + f.required)
		}
	}
	return found
}

// readPart reads an object over its defaults. If v is not an object, into keeps
// its value.
func readPart[T any](v value, fields []field[T], defaults T, into *T) {
	if readObject(v, fields, &defaults) != nil {
		*into = defaults
	}
}

// member returns the value of a key, for a key that decides how others are read.
func (v value) member(key string) (found gjson.Result) {
	if v.json.IsObject() {
		v.json.ForEach(func(k, json gjson.Result) bool {
			if k.Str == key && !found.Exists() {
				found = json
			}
			return true
		})
	}
	return found
}

// members returns an object's values in the order of keys.
func (v value) members(keys []string) []gjson.Result {
	if !v.json.IsObject() {
		v.wrongType("an object with the keys " + strings.Join(keys, ", "))
		return nil
	}
	found := make([]gjson.Result, len(keys))
	v.json.ForEach(func(key, json gjson.Result) bool {
		i := indexOf(keys, key.Str)
		switch {
		case i < 0:
			v.under(key.Str, json).bad("is not a known key; " + suggest(key.Str, keys, "keys here"))
		case found[i].Exists():
			v.under(key.Str, json).bad("is written twice; keep one of them")
		default:
			found[i] = json
		}
		return true
	})
	return found
}

// keysOf lists the paths of the fields' keys, and of the keys below them.
func keysOf[T any](prefix string, fields []field[T]) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, prefix+"."+f.key)
		for _, below := range f.below {
			keys = append(keys, prefix+"."+f.key+below)
		}
	}
	return keys
}

// items calls read for each item of a list. More than most items are a violation.
func (v value) items(most int, read func(item value)) {
	if !v.json.IsArray() {
		v.wrongType("a list in square brackets")
		return
	}
	n := 0
	v.json.ForEach(func(_, json gjson.Result) bool {
		if n < most {
			read(value{v.path + "[" + strconv.Itoa(n) + "]", json, v.out})
		}
		n++
		return true
	})
	if n > most {
		v.tooMany(n, most)
	}
}

func (v value) tooMany(n, most int) {
	v.bad("has " + strconv.Itoa(n) + " entries; write at most " + strconv.Itoa(most))
}

func (v value) refuseEmpty(remedy string) {
	empty := v.json.IsArray()
	v.json.ForEach(func(_, _ gjson.Result) bool {
		empty = false
		return false
	})
	if empty {
		v.bad("is empty; " + remedy)
	}
}

// texts reads a list of strings. clean returns the canonical form of a string, in
// which no two may be equal, or reports a violation and returns "".
func (v value) texts(clean func(item value, text string) string) []string {
	var list []string
	v.items(maxItems, func(item value) {
		text, ok := item.text("a string")
		if ok {
			text = clean(item, text)
		}
		if text != "" && indexOf(list, text) >= 0 {
			item.repeated(quote(text))
		}
		list = append(list, text)
	})
	return list
}

func (v value) text(right string) (string, bool) {
	if v.json.Type != gjson.String {
		v.wrongType(right)
		return "", false
	}
	return v.json.Str, true
}

func (v value) boolean(into *bool) {
	if !v.json.IsBool() {
		v.wrongType("true or false")
		return
	}
	*into = v.json.Bool()
}

// integer reads a whole number in any notation. If a configuration has passed
// through a protobuf Struct, it may hold 1e+06 in place of 1000000.
func (v value) integer(low, high int64) (int64, bool) {
	right := strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10)
	if v.json.Type != gjson.Number {
		v.wrongType("a whole number, " + right)
		return 0, false
	}
	n := v.json.Num
	switch {
	case n != math.Trunc(n):
		v.bad(clip(v.json.Raw) + " is not a whole number; write " + right)
		return 0, false
	case n < float64(low) || n > float64(high):
		v.bad(clip(v.json.Raw) + " is out of range; write " + right)
		return 0, false
	}
	return int64(n), true
}

// readInteger reads a whole number from low to high. If there is none, into keeps
// its value.
func readInteger[T int | uint32](v value, into *T, low, high int64) {
	if n, ok := v.integer(low, high); ok {
		*into = T(n)
	}
}

// option is one of the words that a field accepts.
type option[T any] struct {
	word string
	is   T
}

// words lists the options for a remedy.
func words[T any](options []option[T]) string {
	quoted := make([]string, len(options))
	for i, o := range options {
		quoted[i] = strconv.Quote(o.word)
	}
	return listed(quoted, "or")
}

func choose[T any](v value, options []option[T], into *T) {
	right := words(options)
	text, ok := v.text(right)
	if !ok {
		return
	}
	for _, o := range options {
		if o.word == text {
			*into = o.is
			return
		}
	}
	v.unknown(text, right)
}

func (v value) unknown(text, right string) {
	v.bad(quote(text) + " is not known here; write " + right)
}

func (v value) repeated(what string) {
	v.bad(what + " is in the list already; remove one of them")
}

func typeName(json gjson.Result) string {
	switch {
	case json.IsObject():
		return "an object"
	case json.IsArray():
		return "a list"
	case json.IsBool():
		return "a boolean"
	case json.Type == gjson.Number:
		return "a number"
	case json.Type == gjson.String:
		return "a string"
	}
	return "null"
}
