package credential

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/credential/fields"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// Fields are the fields of bodies and queries that may name an account.
type Fields struct {
	wanted *fields.Wanted
	// each tells whether every field present names an account. Otherwise only the most
	// wanted one does: an OAuth client is not the account if there is a user.
	each bool
}

// NewFields returns fields, the most wanted first.
func NewFields(names []string, each bool) *Fields { return &Fields{fields.Want(names), each} }

// Account finds the attempted accounts in the query of a request and in its body, which
// arrives in pieces. It keeps their names, never the body. The zero Account reads
// nothing.
type Account struct {
	reader  *reader // kept for the next request
	reading bool
}

type reader struct {
	fields *Fields
	strict bool
	held   int // bytes of the held body that were read
	flaw   Flaw
	body   fields.Reader
	names  []string

	// Of a field that the query has twice, some services take the first value, and
	// others the last. None takes another.
	query       fields.Form
	first, last fields.Found
}

// Flaw is what keeps a body from naming the accounts that the service will see.
type Flaw uint8

// The flaws.
const (
	// Clear bodies have none.
	Clear Flaw = iota
	// Unclear bodies name an account twice, or are too long.
	Unclear
	// Unreadable bodies are not quite what their media type promises, so that services
	// may read them differently.
	Unreadable
	// Unsupported bodies are of another kind than those that are read, and Compressed
	// ones have a content coding.
	Unsupported
	Compressed
)

// Words are what the client is told.
func (f Flaw) Words() *refusal.Words {
	switch f {
	case Unreadable:
		return refusal.NewMalformed("The body does not match its Content-Type exactly, so it can be read in more than one way.")
	case Unsupported:
		return refusal.NewUnsupported("Send the body as application/json, application/x-www-form-urlencoded or multipart/form-data.", "")
	case Compressed:
		return refusal.NewUnsupported("Send the body without a Content-Encoding.", "identity")
	}
	return refusal.NewMalformed("The form names its account more than once, or is too long.")
}

// Body is what the headers say about a request's body. The zero Body means no body.
type Body struct {
	form fields.Body
	any  bool
	// Strict tells whether the body may sign in with an account that matters: then an
	// unreadable body has a flaw. Otherwise it has no account, unless it is a form.
	Strict bool
}

// NewBody reads the headers Content-Type and Content-Encoding.
func NewBody(contentType, contentEncoding string, strict bool) Body {
	form := fields.BodyOf(contentType, contentEncoding)
	return Body{form: form, Strict: strict, any: strict || form.Media != fields.Other && form.Media != fields.Compressed}
}

// IsJSON tells whether the headers say that the body is JSON.
func (b *Body) IsJSON() bool { return b.form.Media == fields.JSONMedia }

// Any tells whether there is a body that is worth reading.
func (b *Body) Any() bool { return b.any }

// Begin makes the Account read a request: its query at once, and its body as it is fed.
func (a *Account) Begin(f *Fields, path string, body Body) {
	_, query, _ := strings.Cut(path, "?")
	if query == "" && !body.any {
		return
	}
	if a.reader == nil {
		a.reader = &reader{}
	}
	r := a.reader
	r.fields, r.strict, r.held, r.flaw = f, body.Strict, 0, Clear
	r.first.Query(f.wanted, query, &r.query, fields.First)
	r.last.Query(f.wanted, query, &r.query, fields.Last)
	keep := fields.Last // as most parsers of JSON do
	if body.Strict {
		keep = fields.Once
	}
	r.body.Begin(f.wanted, body.form, keep)
	a.reading = true
}

// Stop makes the Account read nothing. Its memory serves the next request.
func (a *Account) Stop() { a.reading = false }

// Reading tells whether a request is being read.
func (a *Account) Reading() bool { return a.reading }

// FeedHeld reads the new part of a body that the proxy holds, which has size bytes now.
func (a *Account) FeedHeld(body proxy.RequestBody, size int) {
	if r := a.reader; a.reading && size > r.held && !a.Settled() {
		r.feed(body.RequestBody(r.held, size-r.held))
		r.held = size
	}
}

// Feed reads a piece of size bytes of a body that passes through.
func (a *Account) Feed(body proxy.RequestBody, size int) {
	if a.reading && size > 0 {
		a.reader.feed(body.RequestBody(0, size))
	}
}

// Settled tells whether the rest of the body can change nothing.
func (a *Account) Settled() bool {
	return a.reading && (a.reader.flaw != Clear || a.reader.done())
}

// End ends the request. It returns the accounts, as [caller.Account] has them, and what
// keeps them from being all that the service may see. They are valid until the next
// request begins.
func (a *Account) End() (accounts []string, flaw Flaw) {
	if !a.reading {
		return nil, Clear
	}
	r := a.reader
	r.body.End()
	if r.flaw == Clear && r.strict && !r.body.Whole() {
		r.flaw = Unreadable
	}
	a.Stop()
	return r.accounts(), r.flaw
}

func (r *reader) feed(piece []byte) {
	r.body.Feed(piece)
	r.flaw = r.flawNow()
}

// flawNow looks for flaws of what has come of the body. A form that is too long has one
// also where other bodies go on: services take the field twice that they find behind.
func (r *reader) flawNow() Flaw {
	media := r.body.Media()
	switch {
	case r.body.Twice(), r.body.Long() && (r.strict || media == fields.FormMedia):
		return Unclear
	case !r.strict:
		return Clear
	case media == fields.Compressed:
		return Compressed
	case media == fields.Other:
		return Unsupported
	case r.body.Bad():
		return Unreadable
	}
	return Clear
}

// done tells whether no more of the body is worth reading, although it has no flaw.
func (r *reader) done() bool {
	return !r.strict && r.body.Media() != fields.FormMedia && (r.body.Long() || r.body.Bad())
}

// accounts lists the accounts that were found. What the headers say that a body is and
// JSON count both; the query counts unless the body has a field that is more wanted.
func (r *reader) accounts() []string {
	clear(r.names)
	r.names = r.names[:0]
	labelled, sniffed := r.body.Found()
	most := min(labelled.Rank(), sniffed.Rank())
	r.add(labelled)
	r.add(sniffed)
	for _, query := range [...]*fields.Found{&r.first, &r.last} {
		if r.fields.each || query.Rank() <= most {
			r.add(query)
		}
	}
	return r.names
}

func (r *reader) add(found *fields.Found) {
	for i := found.Rank(); i < found.Len(); i++ {
		if name := caller.Account(string(found.Value(i))); name != "" && !slices.Contains(r.names, name) {
			r.names = append(r.names, name)
		}
		if !r.fields.each {
			return
		}
	}
}
