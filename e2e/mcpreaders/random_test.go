package mcpreaders

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
)

// writer writes bodies at random: calls in all spellings, with names twice, in other letters
// and in odd places, and with bytes that do not belong there.
type writer struct{ *rand.Rand }

func newWriter() writer { return writer{rand.New(rand.NewPCG(15, 2026))} }

// rarely is true once in n times.
func (w writer) rarely(n int) bool { return w.IntN(n) == 0 }

func pick[T any](w writer, list ...T) T { return list[w.IntN(len(list))] }

// body returns the next body.
func (w writer) body() []byte {
	var body string
	switch {
	case w.rarely(4):
		var batch []string
		for range 1 + w.IntN(4) {
			batch = append(batch, w.message())
		}
		body = "[" + strings.Join(batch, w.space()+",") + w.space() + "]"
	case w.rarely(30):
		all := attacks()
		body = all[w.IntN(len(all))].body
		if len(body) > 4096 {
			body = body[:4096]
		}
	default:
		body = w.message()
	}
	out := []byte(body)
	if w.rarely(3) {
		for range 1 + w.IntN(3) {
			out = w.damage(out)
		}
	}
	return out
}

func (w writer) message() string {
	method := pick(w, "tools/call", "tools/call", "tools/call", "tools/call", "prompts/get", "resources/read", "tools/list", "ping", "notifications/x")
	members := []string{w.member("jsonrpc", `"2.0"`), w.member("method", w.text(method))}
	if !w.rarely(12) {
		members = append(members, w.member("id", w.id()))
	}
	if !w.rarely(20) {
		members = append(members, w.member("params", w.params(method)))
	}
	if w.rarely(25) {
		members = append(members, w.member(pick(w, "result", "error"), w.object(nil)))
	}
	return w.object(members)
}

func (w writer) params(method string) string {
	if w.rarely(25) {
		return w.value(2)
	}
	var members []string
	switch {
	case method == "resources/read":
		members = append(members, w.member("uri", w.text("file:///x")))
	case !w.rarely(30):
		members = append(members, w.member("name", w.text(pick(w, "image_generate", "image_generate", "search", "echo"))))
	}
	if !w.rarely(8) {
		members = append(members, w.member("arguments", w.arguments()))
	}
	return w.object(members)
}

func (w writer) arguments() string {
	if w.rarely(25) {
		return w.value(2)
	}
	var members []string
	if !w.rarely(4) {
		quality := w.text(pick(w, "standard", "premium", "ultra", "ultra", "other"))
		if w.rarely(12) {
			quality = w.value(2)
		}
		members = append(members, w.member("quality", quality))
	}
	if !w.rarely(3) {
		count := w.number()
		if w.rarely(12) {
			count = w.value(2)
		}
		members = append(members, w.member("count", count))
	}
	return w.object(members)
}

// object writes members in any order, now and then with a strange one, or one of them twice.
func (w writer) object(members []string) string {
	w.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if w.rarely(6) {
		name := pick(w, "method", "params", "id", "name", "arguments", "quality", "count", "result", "__proto__", "constructor", "x", "_meta")
		value := w.value(2)
		if w.rarely(2) {
			value = pick(w, w.text("tools/call"), w.text("ultra"), w.text("image_generate"), `{"quality":"ultra","name":"image_generate"}`)
		}
		members = append(members, w.member(name, value))
	}
	if len(members) > 0 && w.rarely(40) {
		members = append(members, members[w.IntN(len(members))])
	}
	return "{" + w.space() + strings.Join(members, w.space()+",") + "}" + w.space()
}

func (w writer) member(name, value string) string {
	if w.rarely(40) {
		name = pick(w, strings.ToUpper(name), strings.Title(name), strings.Map(otherLetter, name), name+" ", name+"\x00") //nolint:staticcheck // names are ASCII
	}
	return w.space() + w.text(name) + w.space() + ":" + w.space() + value
}

// otherLetter returns another letter that is the same but for its case, in all of Unicode.
func otherLetter(r rune) rune {
	if r == 's' {
		return 'ſ'
	}
	return unicode.SimpleFold(r)
}

func (w writer) space() string {
	if w.rarely(8) {
		return pick(w, " ", "\n", "\t", "\r\n", "  ")
	}
	return ""
}

// text writes a text, some letters as escapes.
func (w writer) text(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	escapes := w.rarely(4)
	for _, r := range s {
		switch {
		case r < ' ' || escapes && w.rarely(3):
			fmt.Fprintf(&out, pick(w, `\u%04x`, `\u%04X`), r)
		case r == '/' && escapes:
			out.WriteString(`\/`)
		default:
			out.WriteRune(r)
		}
	}
	if w.rarely(60) {
		out.WriteString(pick(w, `\ud83d`, `\ude00`, `\ud83d\ude00`, `\u0000`, `\ufffd`, "é", "\u200b", " "))
	}
	out.WriteByte('"')
	return out.String()
}

func (w writer) id() string {
	return pick(w, "1", "2", "3", "1.0", "1e0", "1.5", "-1", "0", "-0", "9007199254740993", "9007199254740992", "1e400", "123456789012345678901234567890",
		`"1"`, w.text("a"), w.text("b"), "null", "true", w.value(1))
}

func (w writer) number() string {
	return pick(w, "1", "2", "3", "10", "1000000", "1e1", "1E+1", "10e-1", "2.5", "3.0", "0", "-0", "-3", "0.999999999999999999999", "1e400", "1e-400",
		"18446744073709551617", "100000000000000000000000000000000")
}

// value writes any value, nested no deeper than depth.
func (w writer) value(depth int) string {
	if depth == 0 {
		return pick(w, "null", "true", "false", "0", `""`)
	}
	switch w.IntN(7) {
	case 0:
		return "[" + w.value(depth-1) + "," + w.value(depth-1) + "]"
	case 1:
		return w.object([]string{w.member(pick(w, "name", "quality", "count", "method", "x"), w.value(depth-1))})
	case 2:
		return w.number()
	case 3:
		return w.text(pick(w, "ultra", "3", " 7 ", "image_generate", "x"))
	case 4:
		return `"{\"quality\":\"ultra\"}"`
	}
	return pick(w, "null", "true", "false", `""`, "{}", "[]")
}

// damage changes a few bytes.
func (w writer) damage(body []byte) []byte {
	if len(body) == 0 {
		return []byte("{")
	}
	i := w.IntN(len(body))
	j := min(i+1+w.IntN(12), len(body))
	switch w.IntN(5) {
	case 0: // a piece is missing
		return append(body[:i:i], body[j:]...)
	case 1: // a piece is there twice
		return append(body[:j:j], body[i:]...)
	case 2: // a piece is elsewhere, too
		k := w.IntN(len(body))
		return append(append(body[:k:k], body[i:j]...), body[k:]...)
	case 3:
		body[i] = pick(w, byte('"'), '\\', ',', ':', '{', '}', '[', ']', ' ', 0, 0xff, 0xc0, '/', '\'', 'u', 'e')
		return body
	}
	odd := pick(w, "\ufeff", "\x00", "//", "/**/", "NaN", "Infinity", `\ud83d`, `\u0000`, "\u2028", "\xed\xa0\x80", "\f", ",", "}", `"method":"ping",`,
		`"__proto__":{`, `"quality":"standard",`, `,"id":1`, "\r\n", "+", "0")
	return append(append(body[:i:i], odd...), body[i:]...)
}
