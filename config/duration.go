package config

import (
	"strconv"
	"strings"
)

// Durations in milliseconds.
const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour

	minDuration = second
	maxDuration = 30 * day
)

// units are in descending order. A duration has each of them at most once, in this
// order.
var units = [...]struct {
	letter byte
	length int64
}{{'d', day}, {'h', hour}, {'m', minute}, {'s', second}}

// unreadable marks a duration that could not be read, so that checks ignore it.
const unreadable = -1

// duration reads a duration from 1 second to 30 days. If there is none, into
// becomes unreadable.
func (v *value) duration(into *int64, example string) {
	*into = unreadable
	text, ok := v.text("a duration as a string, for example %q", example)
	if !ok {
		return
	}
	length, ok := parseDuration(text)
	switch {
	case !ok:
		v.bad("%q is not a duration; write for example %q", text, example)
	case length < minDuration || length > maxDuration:
		v.bad(`%q is out of range; write "1s" to "30d"`, text)
	default:
		*into = length
	}
}

// parseDuration reads durations such as 90s, 5m, 1h30m and 7d. It shortens one
// that could overflow to one that is still far out of range.
func parseDuration(text string) (int64, bool) {
	const cut = 1e8 // far out of range even in seconds, and far from an overflow even in days
	total, unit := int64(0), 0
	for first := true; first || text != ""; first = false {
		n, digits := int64(0), 0
		for ; digits < len(text) && isDigit(text[digits]); digits++ {
			n = min(n*10+int64(text[digits]-'0'), cut)
		}
		if digits == 0 || digits == len(text) {
			return 0, false
		}
		for unit < len(units) && units[unit].letter != text[digits] {
			unit++
		}
		if unit == len(units) {
			return 0, false
		}
		total += n * units[unit].length
		unit++
		text = text[digits+1:]
	}
	return total, true
}

// formatDuration returns the shortest text that parseDuration reads as length.
func formatDuration(length int64) string {
	var b strings.Builder
	for _, u := range units {
		if n := length / u.length; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10))
			b.WriteByte(u.letter)
			length %= u.length
		}
	}
	return b.String()
}

// ParseDuration reads a duration in the form that the configuration has. It
// returns milliseconds; ok is false if the text is invalid or out of range.
func ParseDuration(text string) (length int64, ok bool) {
	length, ok = parseDuration(text)
	return length, ok && length >= minDuration && length <= maxDuration
}
