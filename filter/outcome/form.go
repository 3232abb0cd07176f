package outcome

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// inForm reads a character of a form. Token endpoints answer with forms, too, without
// saying so. A character that no form has ends the search: a page may quote a form.
func (r *reader) inForm(c byte) {
	t := &r.text
	switch {
	case t.escape > 0:
		r.inEscape(c)
	case c == '&':
		r.endParameter()
	case c == '=' && !r.where.key:
		r.beginValue()
	case c == '%':
		t.escape, t.unit = 2, 0
	case c == '+':
		t.put(' ')
	case c == '\r' || c == '\n': // only the end of the body may follow
		r.endParameter()
		r.state = scanDone
	case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
		r.state = scanDone
	default:
		t.put(c)
	}
}

func (r *reader) inEscape(c byte) {
	digit := ascii.Unhex(c)
	if digit < 0 {
		r.state = scanDone
		return
	}
	t := &r.text
	t.unit = t.unit<<4 | rune(digit)
	if t.escape--; t.escape == 0 {
		t.put(byte(t.unit))
	}
}

// beginValue ends a parameter's name. In a form, where.key means that the value is being
// read, and where.names that it is that of the member.
func (r *reader) beginValue() {
	r.where.key = true
	for i := range r.members {
		r.where.names[i] = 0
		if m := &r.members[i]; !r.text.long && len(m.Path) == 1 && m.Path[0] == string(r.text.bytes[:r.text.length]) {
			r.where.names[i] = 1
		}
	}
	r.text.clear()
}

// endParameter ends a parameter. An escape that is cut off belongs to no code.
func (r *reader) endParameter() {
	if r.where.key && r.text.escape == 0 {
		r.where.depth = 1
		r.settle(quoted)
	}
	r.where.key = false
	r.text.clear()
}
