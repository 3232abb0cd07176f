package config

import (
	"strconv"
	"strings"
)

const (
	maxName = 32
	// maxKeyID bounds what stands for a key in logs.
	maxKeyID = 64
)

// readName reads what goes into metrics, logs and replies as it is; "" if it
// cannot.
func readName(v value, what string) string {
	return v.name(what, "a letter, then letters, digits, - and _, all lower case, at most 32", func(text string) bool {
		return len(text) <= maxName && text[0] >= 'a' && text[0] <= 'z' && text == strings.ToLower(text)
	})
}

// readID reads what stands for a secret in logs; "" if it cannot.
func readID(v value, what string) string {
	return v.name(what, "letters, digits, - and _, at most 64", func(text string) bool { return len(text) <= maxKeyID })
}

// name reads letters, digits, - and _ that fit; "" if it cannot. right says what
// fits.
func (v value) name(what, right string, fits func(text string) bool) string {
	text, ok := v.text(right)
	if !ok {
		return ""
	}
	ok = text != "" && fits(text)
	for i := 0; ok && i < len(text); i++ {
		ok = isAlphanumeric(text[i]) || text[i] == '-' || text[i] == '_'
	}
	if !ok {
		v.bad(quote(text) + " is not " + what + "; write " + right)
		return ""
	}
	return text
}

// references reads a list of names that have to be those of something else, which
// a rule between fields looks up.
func (v value) references(emptyRemedy string) []string {
	v.refuseEmpty(emptyRemedy)
	return v.texts(func(_ value, text string) string { return text })
}

func readHeader(v value, example string) string {
	text, ok := v.text("a header's name, for example " + strconv.Quote(example))
	if !ok {
		return ""
	}
	return headerName(v, text, example)
}

func readHeaderNames(v value, example string) []string {
	return v.texts(func(item value, text string) string { return headerName(item, text, example) })
}

// headerName is the name in lower case, as Envoy knows it; "" if it is none.
func headerName(v value, name, example string) string {
	if !isToken(name) {
		v.bad(quote(name) + " is not a header name; write for example " + strconv.Quote(example))
		return ""
	}
	return strings.ToLower(name)
}

// readPlain reads a text that may go into a header or a log line.
func readPlain(v value, example string) string {
	text, ok := v.text("a string, for example " + strconv.Quote(example))
	if !ok {
		return ""
	}
	return plain(v, text, example)
}

func readPlains(v value, example string) []string {
	return v.texts(func(item value, text string) string { return plain(item, text, example) })
}

func plain(v value, text, example string) string {
	if !isPlain(text) {
		v.bad(quote(text) + " is empty or has a control character; write for example " + strconv.Quote(example))
		return ""
	}
	return text
}

// isPlain tells whether a text has something in it, and no control character.
func isPlain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return text != ""
}
