// Package fields finds the values of a few wanted fields in request bodies and queries
// that pass by in pieces. It keeps names and values of these fields, bounded, and never
// a body.
//
//	wanted.go     Wanted: the fields, and the spellings that services take for them
//	found.go      Found: the values
//	media.go      Body: in which way a body has to be read
//	form.go       Form: urlencoded forms and queries
//	multipart.go  Multipart: multipart/form-data
//	json.go       JSON: documents, also under other names
//	reader.go     Reader: all of them on one body
//
// Services are lenient, each in its own way. A body that two of them could read
// differently is not guessed at: it is unclear, and the caller decides what follows.
package fields

// maxName is how much of a field's name or path is kept, in bytes. It is longer than
// what can be configured, so that a name of this length is never a wanted one.
const maxName = 255

// Wanted are the fields that are looked for, the most wanted first.
type Wanted struct {
	// forms has their names as [foldForm] leaves them, paths the ways to them in JSON
	// as [fold] does.
	forms, paths []string
}

// Want makes field names ready to be looked for. A name may be a path: "user.email" is
// the member email of the object user in JSON, and user[email] in a form.
func Want(names []string) *Wanted {
	w := &Wanted{}
	for _, name := range names {
		w.forms = append(w.forms, string(foldForm([]byte(name))))
		w.paths = append(w.paths, string(fold(unbracket([]byte(name)))))
	}
	return w
}

// unbracket makes user.email of user[email].
func unbracket(name []byte) []byte {
	out := name[:0]
	for i, c := range name {
		switch {
		case c == ']' || c == '[' && i+1 < len(name) && name[i+1] == ']':
		case c == '[':
			out = append(out, '.')
		default:
			out = append(out, c)
		}
	}
	return out
}

// index returns the place of a name in a list, or -1. It allocates nothing, which a
// conversion to a string would.
func index(list []string, name []byte) int {
	for i, wanted := range list {
		if len(wanted) == len(name) && begins(name, wanted) {
			return i
		}
	}
	return -1
}

// begins tells whether name begins with a wanted one.
func begins(name []byte, wanted string) bool {
	if len(name) < len(wanted) {
		return false
	}
	for i := 0; i < len(wanted); i++ {
		if name[i] != wanted[i] {
			return false
		}
	}
	return true
}

// leads tells whether there are wanted fields below a name.
func leads(list []string, name []byte, separator byte) bool {
	for _, wanted := range list {
		if n := len(name); len(wanted) > n && wanted[n] == separator && begins(name, wanted[:n]) {
			return true
		}
	}
	return false
}

// fold makes one spelling of those that services take for the same name: Go and ASP.NET
// disregard letter case. Go does so for the long s and the Kelvin sign, too.
// See https://pkg.go.dev/encoding/json#Unmarshal
func fold(name []byte) []byte {
	out := name[:0]
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == 0xc5 && i+1 < len(name) && name[i+1] == 0xbf:
			c, i = 's', i+1
		case c == 0xe2 && i+2 < len(name) && name[i+1] == 0x84 && name[i+2] == 0xaa:
			c, i = 'k', i+2
		}
		out = append(out, c)
	}
	return out
}

// foldForm is [fold] for the names in forms. PHP takes dots and blanks for underscores,
// ignores leading blanks, and ends a name at a zero byte; there, in Rails and with
// Express, brackets lead into objects, and empty ones make a list.
// See https://www.php.net/manual/en/language.variables.external.php
func foldForm(name []byte) []byte {
	out := name[:0]
	for i := 0; i < len(name) && name[i] != 0; i++ {
		switch c := name[i]; {
		case c == ']' || c == ' ' && len(out) == 0:
		case c == '[' && i+1 < len(name) && name[i+1] == ']':
			i++
		case c == '[' || c == '.' || c == ' ':
			out = append(out, '_')
		default:
			out = append(out, c)
		}
	}
	return fold(out)
}
