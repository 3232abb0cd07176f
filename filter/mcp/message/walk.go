package message

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

// walker goes through the members of an object, or the elements of an array. The JSON has to
// be valid. Long texts are skipped and not read, which gjson does byte by byte at each level
// that they are nested in. It is not a function that calls another one for each member: TinyGo
// would allocate what that one needs.
type walker struct {
	json  []byte
	named bool
	i     int
}

func walk(json []byte) walker { return walker{json, kindOf(json) == '{', between(json, 1)} }

// next returns the next one with its raw JSON. An element has no name.
func (w *walker) next() (name, value []byte, ok bool) {
	i := w.i
	if i >= len(w.json) || w.json[i] == '}' || w.json[i] == ']' {
		return nil, nil, false
	}
	if w.named {
		end := endOf(w.json, i)
		name = unescaped(w.json[i:end])
		i = between(w.json, end)
	}
	end := endOf(w.json, i)
	w.i = between(w.json, end)
	return name, w.json[i:end], true
}

// kindOf returns the first byte of a value, which says what kind it is, 0 if there is none.
func kindOf(json []byte) byte {
	if len(json) == 0 {
		return 0
	}
	return json[0]
}

// between returns where the next name or value begins, or the array or object ends.
func between(json []byte, i int) int {
	for i < len(json) {
		switch json[i] {
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
		default:
			return i
		}
	}
	return i
}

// endOf returns where the value ends that begins at i.
func endOf(json []byte, i int) int {
	for depth := 0; i < len(json); i++ {
		switch json[i] {
		case '"':
			if i = endOfText(json, i); depth == 0 {
				return i
			}
			i--
		case '{', '[':
			depth++
		case '}', ']':
			if depth <= 1 {
				return i + depth // without depth, it ends what the value is in
			}
			depth--
		case ' ', '\t', '\n', '\r', ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(json)
}

// endOfText returns where the text ends that begins at i.
func endOfText(json []byte, i int) int {
	for i++; i < len(json); i++ {
		if i += jsonguard.Plain(json[i:]); i >= len(json) {
			break
		}
		switch json[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(json)
}

// unescaped returns a text without its quotation marks and escapes.
func unescaped(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 && len(raw) >= 2 {
		return raw[1 : len(raw)-1]
	}
	return []byte(gjson.ParseBytes(raw).Str)
}
