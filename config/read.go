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

// value is a JSON value and its place in the configuration. Readers get a pointer, and
// do not keep it.
type value struct {
	json gjson.Result
	// within is the object or list that has the value; nil for the whole configuration.
	within *value
	// key is the value's key in an object, and index its position in a list.
	key   string
	index int
	out   *violations
}

// path is where the value stands, for messages only.
func (v *value) path() string {
	switch {
	case v.within == nil:
		return ""
	case v.within.json.IsArray():
		return v.within.path() + "[" + strconv.Itoa(v.index) + "]"
	}
	return keyPath(v.within.path(), v.key)
}

func (v *value) exists() bool { return v.json.Exists() }

// bad reports a mistake. message is written out with args, as fill does.
func (v *value) bad(message string, args ...string) {
	path := v.path()
	if path == "" {
		path = whole
	}
	v.out.add(at(path), message, args...)
}

func (v *value) wrongType(right string, args ...string) {
	v.bad("is %s; write %s", typeName(&v.json), fill(right, args))
}

// under returns the value of a key of v.
func (v *value) under(key string, json gjson.Result) *value {
	return &value{json: json, within: v, key: key, out: v.out}
}

// at returns an item of a list, for a message about it.
func (v *value) at(i int) *value { return &value{within: v, index: i, out: v.out} }

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

// each returns the values of an object, in the order of the text.
func (v *value) each() (list []*value) {
	if v.json.IsObject() {
		v.json.ForEach(func(key, json gjson.Result) bool {
			list = append(list, v.under(key.Str, json))
			return true
		})
	}
	return list
}

// member returns the value of a key, for a key that decides how others are read.
func (v *value) member(key string) *value {
	found := v.under(key, gjson.Result{})
	if v.json.IsObject() {
		v.json.ForEach(func(k, json gjson.Result) bool {
			if k.Str == key {
				found.json = json
			}
			return !found.exists()
		})
	}
	return found
}

// has reports whether an object has a key.
func (v *value) has(key string) bool { return v.member(key).exists() }

// isObject is false also for what was reported not to be one.
func (v *value) isObject() bool { return v.json.IsObject() }

// members returns an object's values in the order of the table.
func (v *value) members(table *fields) []value {
	if !v.json.IsObject() {
		v.wrongType("an object with the keys %s", strings.Join(table.keys(), ", "))
		return nil
	}
	found := make([]value, len(table.rows))
	for i := range found {
		found[i] = value{within: v, key: table.rows[i].key, out: v.out}
	}
	v.json.ForEach(func(key, json gjson.Result) bool {
		i := table.index(key.Str)
		switch {
		case i < 0:
			v.under(key.Str, json).bad("is not a known key; %s", suggest(key.Str, table.keys(), "keys here"))
		case found[i].exists():
			found[i].bad("is written twice; keep one of them")
		default:
			found[i].json = json
		}
		return true
	})
	return found
}

// items returns the items of a list. More than most items are a violation.
func (v *value) items(most int) (list []*value) {
	if !v.json.IsArray() {
		v.wrongType("a list in square brackets")
		return nil
	}
	n := 0
	v.json.ForEach(func(_, json gjson.Result) bool {
		if n < most {
			item := v.at(n)
			item.json = json
			list = append(list, item)
		}
		n++
		return true
	})
	if n > most {
		v.tooMany(n, most)
	}
	return list
}

func (v *value) tooMany(n, most int) {
	v.bad("has %s entries; write at most %s", strconv.Itoa(n), strconv.Itoa(most))
}

func (v *value) refuseEmpty(remedy string) {
	empty := v.json.IsArray()
	v.json.ForEach(func(_, _ gjson.Result) bool {
		empty = false
		return false
	})
	if empty {
		v.bad("is empty; %s", remedy)
	}
}

// texts reads a list of strings. each returns the canonical form of a string, in which
// no two may be equal, or reports a violation and returns "". It gets what.
func (v *value) texts(each func(item *value, text, what string) string, what string) []string {
	var list []string
	for _, item := range v.items(maxItems) {
		text, ok := item.text("a string")
		if ok {
			text = each(item, text, what)
		}
		if text != "" && indexOf(list, text) >= 0 {
			item.repeated(quote(text))
		}
		list = append(list, text)
	}
	return list
}

// text reads a string. right describes a valid one, and is written out with args.
func (v *value) text(right string, args ...string) (string, bool) {
	if v.json.Type != gjson.String {
		v.wrongType(right, args...)
		return "", false
	}
	return v.json.Str, true
}

func (v *value) boolean(into *bool) {
	if !v.json.IsBool() {
		v.wrongType("true or false")
		return
	}
	*into = v.json.Bool()
}

// integer reads a whole number in any notation. If a configuration has passed
// through a protobuf Struct, it may hold 1e+06 in place of 1000000.
func (v *value) integer(low, high int64) (int64, bool) {
	right := strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10)
	if v.json.Type != gjson.Number {
		v.wrongType("a whole number, %s", right)
		return 0, false
	}
	n := v.json.Num
	switch {
	case n != math.Trunc(n):
		v.bad("%s is not a whole number; write %s", clip(v.json.Raw), right)
		return 0, false
	case n < float64(low) || n > float64(high):
		v.bad("%s is out of range; write %s", clip(v.json.Raw), right)
		return 0, false
	}
	return int64(n), true
}

// readInteger reads a whole number from low to high. If there is none, into keeps
// its value.
func readInteger[T int | uint32](v *value, into *T, low, high int64) {
	if n, ok := v.integer(low, high); ok {
		*into = T(n)
	}
}

// word reads one of a few words, and returns its position; -1 if it is none of them.
func (v *value) word(words []string) int {
	right := choice(words)
	text, ok := v.text(right)
	if !ok {
		return -1
	}
	at := indexOf(words, text)
	if at < 0 {
		v.unknown(text, right)
	}
	return at
}

// choice lists words for a remedy.
func choice(words []string) string {
	quoted := make([]string, len(words))
	for i := range words {
		quoted[i] = quote(words[i])
	}
	return listed(quoted, "or")
}

// choose reads one of a few words, which stand at the places of their values. If there
// is none, into keeps its value.
func choose[T ~uint8](v *value, words []string, into *T) {
	if at := v.word(words); at >= 0 {
		*into = T(at)
	}
}

func (v *value) unknown(text, right string) {
	v.bad("%q is not known here; write %s", text, right)
}

func (v *value) repeated(what string) {
	v.bad("%s is in the list already; remove one of them", what)
}

func typeName(json *gjson.Result) string {
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
