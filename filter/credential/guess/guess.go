// Package guess hashes everything that a request presents to sign in, including its body,
// so that a repeated guess is recognised. It does not keep what it hashes.
//
// It does not look for the secret in a body: it would have to know all fields that can be
// guessed, and an unknown one, such as a second factor, could be guessed without limit.
// The whole body belongs to the guess, except what browsers generate anew for each form:
// the boundary of multipart, and the tokens by which frameworks recognise their own forms.
// See RATIONALE.md, "Why is the whole body the guess, and not the password?"
//
//	guess.go  Reader: the hash of what it is fed
//	form.go   forms without their tokens
//	parts.go  multipart without its boundary
package guess

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// maxBody is how much of a body is hashed, in bytes. A longer one is not known again.
const maxBody = 64 << 10

// label keeps these hashes apart from the names of counters.
var label = []byte("guess")

// Reader hashes what one request presents, in the order in which it is fed. Its memory
// serves the next request.
type Reader struct {
	table *table.Table
	sum   [table.KeySize]byte // of the blocks before
	block [256]byte
	n     int // bytes of the block
	size  int // of the body
	flaw  bool
	body  body
	form  form
	parts parts
}

// body is how a body is read.
type body uint8

const (
	plain body = iota
	formBody
	partsBody
)

// Begin begins a request. t hashes.
func (r *Reader) Begin(t *table.Table) {
	*r = Reader{table: t, parts: parts{delimiter: r.parts.delimiter[:0]}}
}

// Part adds a part of the request. Of sequences with as many parts, no two have the same
// hash.
func (r *Reader) Part(part string) {
	r.length(len(part))
	for i := 0; i < len(part); i++ {
		r.put(part[i])
	}
}

// Bytes is Part for bytes.
func (r *Reader) Bytes(part []byte) {
	r.length(len(part))
	for _, c := range part {
		r.put(c)
	}
}

func (r *Reader) length(n int) {
	for shift := 0; shift < 32; shift += 8 {
		r.put(byte(n >> shift))
	}
}

// Form has the body read as a form.
func (r *Reader) Form() { r.body = formBody }

// Multipart has the body read as multipart, and tells whether that can be done.
func (r *Reader) Multipart(boundary string) bool {
	if !isPlainBoundary(boundary) {
		return false
	}
	r.body = partsBody
	r.parts.begin(boundary)
	return true
}

// Feed adds a piece of the body.
func (r *Reader) Feed(piece []byte) {
	if r.size += len(piece); r.size > maxBody {
		r.flaw = true
	}
	if r.flaw {
		return
	}
	for _, c := range piece {
		switch r.body {
		case formBody:
			r.form.step(r, c)
		case partsBody:
			r.parts.step(r, c)
		default:
			r.put(c)
		}
	}
}

// End returns the hash of what was fed. It is not known if the body was too long, or hid
// something where it is not hashed.
func (r *Reader) End() caller.Guess {
	switch r.body {
	case formBody:
		r.form.end(r)
	case partsBody:
		r.parts.flush(r)
	}
	if r.flaw {
		return caller.Guess{}
	}
	r.close()
	return caller.Guess(r.sum)
}

func (r *Reader) put(c byte) {
	r.block[r.n] = c
	if r.n++; r.n == len(r.block) {
		r.close()
	}
}

// close hashes the block with the sum of those before. Only the last block is not full, so
// that the sum tells all that was put.
func (r *Reader) close() {
	key := r.table.Key(label, r.sum[:], r.block[:r.n])
	key.Append(r.sum[:0])
	r.n = 0
}
