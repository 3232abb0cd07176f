package credential

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Account finds the attempted account in a form body that arrives in pieces: the value
// of the first of the wanted fields that the form has. It keeps names and values of
// these fields, never the body. The zero Account reads nothing.
//
// A body that services may read in several ways is broken: one that has a wanted field
// twice (RFC 6749 section 3.2 forbids it), and one that is longer than the filter
// reads.
type Account struct {
	form    *form // kept for the next body
	reading bool
}

// form is a form body that is being read.
type form struct {
	fields []string // wanted, the most wanted first
	bad    bool
	held   int // bytes of the held body that were read

	rank    int // index in fields of the account found so far
	account []byte
	seen    []bool // by index in fields

	read    int // bytes
	field   []byte
	inValue bool
	wanted  int // index of the current field in fields, or -1
	value   []byte
	escape  int  // hex digits that the current %XX still lacks
	code    byte // its value so far
}

// UnclearForm is what the client is told whose form does not name one account.
const UnclearForm = "The form names its account more than once, or is too long."

const (
	// maxForm is how much of a body is read, in bytes. No form in which a person logs
	// in is longer.
	maxForm = 64 << 10
	// maxAccount is how much of an account's name is kept, in bytes.
	maxAccount = 256
	// maxField is how much of a field's name is kept, in bytes: one more than the
	// longest name that can be configured.
	maxField = 65
)

// Begin makes the Account read the body of a request. fields are the names of the
// fields that may name the account, the most wanted first.
func (a *Account) Begin(fields []string) {
	if a.form == nil {
		a.form = &form{}
	}
	f := a.form
	*f = form{account: f.account[:0], seen: f.seen[:0], field: f.field[:0], value: f.value[:0]}
	f.fields, f.rank, f.wanted = fields, len(fields), -1
	f.seen = slices.Grow(f.seen, len(fields))[:len(fields)]
	clear(f.seen)
	a.reading = true
}

// Stop makes the Account read nothing. Its memory serves the next body.
func (a *Account) Stop() { a.reading = false }

// Reading tells whether a body is being read.
func (a *Account) Reading() bool { return a.reading }

// FeedHeld reads a body that the proxy holds, of which there are size bytes now. It
// reads only what is new.
func (a *Account) FeedHeld(body proxy.RequestBody, size int) {
	if f := a.form; a.reading && size > f.held {
		f.feed(body.RequestBody(f.held, size-f.held))
		f.held = size
	}
}

// Feed reads a piece of size bytes of a body that passes through.
func (a *Account) Feed(body proxy.RequestBody, size int) {
	if a.reading && size > 0 {
		a.form.feed(body.RequestBody(0, size))
	}
}

// Broken tells whether services may read the body in several ways. A body that is
// broken stays so, whatever follows.
func (a *Account) Broken() bool { return a.reading && a.form.bad }

// End ends the body. It returns the account, or "" if there is none, and whether the
// body is not broken.
func (a *Account) End() (account string, ok bool) {
	if !a.reading {
		return "", true
	}
	f := a.form
	f.endField()
	a.Stop()
	return caller.Account(string(f.account)), !f.bad
}

func (f *form) feed(piece []byte) {
	for _, c := range piece {
		if f.read++; f.read > maxForm {
			f.bad = true
		}
		switch {
		case f.bad:
			return
		case c == '&' || c == ';':
			f.endField()
		case c == '=' && !f.inValue:
			f.beginValue()
		default:
			f.put(c)
		}
	}
}

// put decodes a character and keeps it if it is needed.
func (f *form) put(c byte) {
	switch {
	case f.escape > 0:
		f.code = f.code<<4 | byte(max(ascii.Unhex(c), 0))
		if f.escape--; f.escape > 0 {
			return
		}
		c = f.code
	case c == '%':
		f.escape, f.code = 2, 0
		return
	case c == '+':
		c = ' '
	}
	if !f.inValue && len(f.field) < maxField {
		f.field = append(f.field, c)
	}
	if f.inValue && f.wanted >= 0 && len(f.value) < maxAccount {
		f.value = append(f.value, c)
	}
}

func (f *form) beginValue() {
	f.inValue, f.escape = true, 0
	f.value = f.value[:0]
	f.wanted = slices.Index(f.fields, string(f.field))
	if f.wanted >= 0 {
		f.bad = f.bad || f.seen[f.wanted]
		f.seen[f.wanted] = true
	}
}

func (f *form) endField() {
	if f.inValue && f.wanted >= 0 && f.wanted < f.rank && len(f.value) > 0 {
		f.rank = f.wanted
		f.account = append(f.account[:0], f.value...)
	}
	f.inValue, f.escape, f.wanted = false, 0, -1
	f.field = f.field[:0]
}
