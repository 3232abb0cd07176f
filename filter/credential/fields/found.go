package fields

import "bytes"

// maxValue is how much of a value is kept, in bytes. No account has a longer name.
const maxValue = 256

// Keep says which value of a field is kept that has several.
type Keep uint8

// What is kept.
const (
	// Once: there must not be several. RFC 6749 section 3.2 forbids them.
	Once Keep = iota
	// First and Last: the one that some services take, and the one that others do.
	First
	Last
)

// Found are the values of the wanted fields. Its memory serves the next body.
type Found struct {
	wanted *Wanted
	keep   Keep
	values [][]byte // by index in wanted
	seen   []bool
	now    int // index of the field whose value is being read, or -1
	// twice tells whether a field was there twice, or in a form that is not a value.
	twice bool
}

// begin forgets everything.
func (f *Found) begin(w *Wanted, keep Keep) {
	f.wanted, f.keep, f.now, f.twice = w, keep, -1, false
	for len(f.values) < len(w.forms) {
		f.values, f.seen = append(f.values, nil), append(f.seen, false)
	}
	for i := range f.values {
		f.values[i], f.seen[i] = f.values[i][:0], false
	}
}

// open begins the value of a field, by its index, or of one that is not wanted.
func (f *Found) open(i int) {
	f.now = i
	switch {
	case i < 0:
		return
	case f.seen[i] && f.keep == Once:
		f.twice = true
	case f.seen[i] && f.keep == First:
		f.now = -1
	case f.seen[i]:
		f.values[i] = f.values[i][:0]
	}
	f.seen[i] = true
}

// openForm begins the value of a field of a form. It changes name.
func (f *Found) openForm(name []byte) {
	if i := bytes.IndexByte(name, '['); f.keep == Once && i > 0 && !bytes.HasPrefix(name[i:], []byte("[]")) {
		// user[$ne]: Express and PHP make an object of it, which is not a user.
		var scratch [maxName]byte
		above := foldForm(append(scratch[:0], name[:i]...))
		f.twice = f.twice || index(f.wanted.forms, above) >= 0 && !leads(f.wanted.forms, above, '_')
	}
	f.open(index(f.wanted.forms, foldForm(name)))
}

// put takes a byte of the value.
func (f *Found) put(c byte) {
	if f.now < 0 || len(f.values[f.now]) >= maxValue {
		return
	}
	v := append(f.values[f.now], c)
	if len(v) == maxValue {
		// Blanks before a name do not count: they must not fill the room for it.
		v = append(v[:0], bytes.TrimSpace(v)...)
	}
	f.values[f.now] = v
}

// close ends the value.
func (f *Found) close() { f.now = -1 }

// Value returns the value of the i-th wanted field, empty if there is none.
func (f *Found) Value(i int) []byte {
	if i >= f.Len() {
		return nil
	}
	return f.values[i]
}

// Len returns the number of wanted fields.
func (f *Found) Len() int {
	if f.wanted == nil {
		return 0
	}
	return len(f.wanted.forms)
}

// Rank returns the index of the most wanted field that has a value, or the number of
// fields if none has.
func (f *Found) Rank() int {
	for i := 0; i < f.Len(); i++ {
		if len(bytes.TrimSpace(f.values[i])) > 0 {
			return i
		}
	}
	return f.Len()
}
