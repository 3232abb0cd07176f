package fields

// maxBody is how much of a body is read, in bytes. No form in which a person logs in is
// longer.
const maxBody = 64 << 10

// Reader reads a body in all the ways in which services may read it. Forms and multipart
// they read only if the headers say so. JSON they read under any name, so the Reader
// looks for it in forms and multipart, too, whose first character is never one of its.
// Its memory serves the next body.
type Reader struct {
	body Body
	read int // bytes

	form      Form
	multipart Multipart
	json      JSON
	// labelled are the values that the media type promises, sniffed those of JSON.
	labelled, sniffed Found
}

// Begin makes the Reader read a body. keep says what becomes of a field that is there
// several times, which a form must never have.
func (r *Reader) Begin(w *Wanted, body Body, keep Keep) {
	r.body, r.read = body, 0
	r.sniffed.begin(w, keep)
	if body.Media == FormMedia {
		keep = Once
	}
	r.labelled.begin(w, keep)
	r.form.begin(&r.labelled)
	r.multipart.begin(&r.labelled, body.Boundary)
	r.json.begin(&r.sniffed, body.Media != JSONMedia)
}

// Feed reads the next piece of the body.
func (r *Reader) Feed(piece []byte) {
	room := max(maxBody-r.read, 0)
	r.read += len(piece)
	piece = piece[:min(room, len(piece))]
	switch r.body.Media {
	case FormMedia:
		feedForm(&r.form, piece)
	case MultipartMedia:
		r.multipart.feed(piece)
	}
	if r.body.Media != Other && r.body.Media != Compressed {
		r.json.feed(piece)
	}
}

// End ends the body.
func (r *Reader) End() { r.form.end() }

// Media returns what the body is.
func (r *Reader) Media() Media { return r.body.Media }

// Twice tells whether a field was there twice.
func (r *Reader) Twice() bool { return r.labelled.twice || r.sniffed.twice }

// Long tells whether the body is longer than what is read.
func (r *Reader) Long() bool { return r.read > maxBody }

// Bad tells whether services may read the body differently, or not at all, as far as it
// has come.
func (r *Reader) Bad() bool { return r.json.bad || r.multipart.bad }

// Whole tells whether all of the body has come that its form promises.
func (r *Reader) Whole() bool {
	return r.json.whole() && (r.body.Media != MultipartMedia || r.multipart.whole())
}

// Found returns the values that were found: by the media type, and in JSON.
func (r *Reader) Found() (labelled, sniffed *Found) { return &r.labelled, &r.sniffed }

// Query finds the values of fields in the query of a path. keep says which is taken of
// several.
func (f *Found) Query(w *Wanted, query string, form *Form, keep Keep) {
	f.begin(w, keep)
	form.begin(f)
	feedForm(form, query)
	form.end()
}
