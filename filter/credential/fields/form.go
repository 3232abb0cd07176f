package fields

import "github.com/gatewarden/gatewarden/internal/ascii"

// Form reads a urlencoded form, or a query, which is written the same.
type Form struct {
	found   *Found
	name    []byte
	inValue bool
	escape  int  // hex digits that the current %XX still lacks
	code    byte // its value so far
}

func (f *Form) begin(found *Found) { *f = Form{found: found, name: f.name[:0]} }

// feedForm reads a piece of a form.
func feedForm[T string | []byte](f *Form, piece T) {
	for i := 0; i < len(piece); i++ {
		switch c := piece[i]; {
		case c == '&' || c == ';':
			f.end()
		case c == '=' && !f.inValue:
			f.inValue, f.escape = true, 0
			f.found.openForm(f.name)
		default:
			f.decode(c)
		}
	}
}

// decode decodes a character.
func (f *Form) decode(c byte) {
	switch {
	case f.escape > 0:
		f.code = f.code<<4 | byte(max(ascii.Unhex(c), 0))
		if f.escape--; f.escape == 0 {
			f.put(f.code)
		}
	case c == '%':
		f.escape, f.code = 2, 0
	case c == '+':
		f.put(' ')
	default:
		f.put(c)
	}
}

// put keeps a character if it is needed. Blanks before a name do not count: they must
// not fill the room for it.
func (f *Form) put(c byte) {
	switch {
	case f.inValue:
		f.found.put(c)
	case len(f.name) < maxName && (c != ' ' || len(f.name) > 0):
		f.name = append(f.name, c)
	}
}

// end ends a field, or the form.
func (f *Form) end() {
	f.found.close()
	f.inValue, f.escape, f.name = false, 0, f.name[:0]
}
