package filter

import (
	"slices"
	"strings"
)

// accountForm finds the attempted account in a form body that comes in pieces:
// the value of the first of the wanted fields that is there. It holds names and
// values of those alone, never the body.
//
// A body that is read in several ways by several services is refused: one in
// which a wanted field comes twice (RFC 6749 section 3.2 forbids it), and one
// that is so long that the account may stand where nobody looks.
type accountForm struct {
	fields  []string // wanted, the most wanted first
	rank    int      // of the account found so far: its place in fields
	account []byte
	seen    []bool // by place in fields
	bad     bool

	read    int
	field   []byte
	inValue bool
	wanted  int // place in fields of the field being read, -1 if it has none
	value   []byte
	escape  int  // hex digits of a %XX that are still to come
	code    byte // its value so far
}

const (
	// maxAccountForm is longer than any form in which a person logs in.
	maxAccountForm = 64 << 10
	// maxAccount bounds what is kept of a name. A longer one is its beginning.
	maxAccount = 256
	// maxField is longer than every field that can be configured.
	maxField = 65
)

func newAccountForm(fields []string) *accountForm {
	return &accountForm{fields: fields, rank: len(fields), seen: make([]bool, len(fields)), wanted: -1}
}

// feed reads the next piece.
func (a *accountForm) feed(piece []byte) {
	for _, c := range piece {
		if a.read++; a.read > maxAccountForm {
			a.bad = true
		}
		switch {
		case a.bad:
			return
		case c == '&' || c == ';':
			a.endField()
		case c == '=' && !a.inValue:
			a.beginValue()
		default:
			a.put(c)
		}
	}
}

// end tells that the body is over and returns the account's name, "" if there is
// none.
func (a *accountForm) end() (account string, ok bool) {
	a.endField()
	return plainAccount(string(a.account)), !a.bad
}

func (a *accountForm) put(c byte) {
	switch {
	case a.escape > 0:
		a.code = a.code<<4 | byte(max(unhex(c), 0))
		if a.escape--; a.escape > 0 {
			return
		}
		c = a.code
	case c == '%':
		a.escape, a.code = 2, 0
		return
	case c == '+':
		c = ' '
	}
	if !a.inValue && len(a.field) < maxField {
		a.field = append(a.field, c)
	}
	if a.inValue && a.wanted >= 0 && len(a.value) < maxAccount {
		a.value = append(a.value, c)
	}
}

func (a *accountForm) beginValue() {
	a.inValue, a.escape = true, 0
	a.value = a.value[:0]
	a.wanted = slices.Index(a.fields, string(a.field))
	if a.wanted >= 0 {
		a.bad = a.bad || a.seen[a.wanted]
		a.seen[a.wanted] = true
	}
}

func (a *accountForm) endField() {
	if a.inValue && a.wanted >= 0 && a.wanted < a.rank && len(a.value) > 0 {
		a.rank = a.wanted
		a.account = append(a.account[:0], a.value...)
	}
	a.inValue, a.escape, a.wanted = false, 0, -1
	a.field = a.field[:0]
}

// plainAccount is the one form of an account's name: services that disregard
// letter case and surrounding spaces must not make several accounts of one.
func plainAccount(name string) string { return lower(strings.TrimSpace(name)) }

func isForm(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.Trim(mediaType, " \t"), "application/x-www-form-urlencoded")
}
