package config

import (
	"strings"
)

const (
	maxName = 32
	maxID   = 64
)

// readName reads a name that can stand in metrics, logs and replies without
// quotes; "" if it is invalid.
func readName(v *value, what string) string {
	return v.name(what, "a letter, then letters, digits, - and _, all lower case, at most 32", func(text string) bool {
		return len(text) <= maxName && text[0] >= 'a' && text[0] <= 'z' && text == strings.ToLower(text)
	})
}

// readID reads the id that stands for a secret in logs; "" if it is invalid.
func readID(v *value, what string) string {
	return v.name(what, "letters, digits, - and _, at most 64", func(text string) bool { return len(text) <= maxID })
}

// name reads a text of letters, digits, - and _ for which fits is true; "" if it
// is invalid. right describes a valid one.
func (v *value) name(what, right string, fits func(text string) bool) string {
	text, ok := v.text("%s", right)
	if !ok {
		return ""
	}
	ok = text != "" && fits(text)
	for i := 0; ok && i < len(text); i++ {
		ok = isAlphanumeric(text[i]) || text[i] == '-' || text[i] == '_'
	}
	if !ok {
		v.bad("%q is not %s; write %s", text, what, right)
		return ""
	}
	return text
}

// anyText accepts names of surfaces and rules. A check looks them up later.
func anyText(_ *value, text, _ string) string { return text }

func readHeader(v *value, example string) string {
	text, ok := v.text("a header's name, for example %q", example)
	if !ok {
		return ""
	}
	return headerName(v, text, example)
}

// headerName returns a header's name in lower case, as Envoy writes it; "" if it
// is invalid.
func headerName(v *value, name, example string) string {
	if !isToken(name) {
		v.bad("%q is not a header name; write for example %q", name, example)
		return ""
	}
	return strings.ToLower(name)
}

// readPlain reads a text that can stand in a header or a log line.
func readPlain(v *value, example string) string {
	text, ok := v.text("a string, for example %q", example)
	if !ok {
		return ""
	}
	return plain(v, text, example)
}

func plain(v *value, text, example string) string {
	if !isPlain(text) {
		v.bad("%q is empty or has a control character; write for example %q", text, example)
		return ""
	}
	return text
}

// isPlain reports whether a text is neither empty nor has a control character.
func isPlain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return text != ""
}
