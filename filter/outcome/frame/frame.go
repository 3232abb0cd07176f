// Package frame finds how a call ended in the body of its response. Protocols for web
// pages cannot use HTTP's trailers: gRPC-Web and the streams of Connect write the
// status into the last frame of the body.
//
//	frame.go    frames, which arrive in any pieces
//	base64.go   frames as base64 text
//	trailer.go  the last frame of gRPC-Web: lines as of HTTP/1 headers
//	ending.go   the last frame of Connect: JSON
//
// The Reader keeps a few bytes, never a message, and looks at no byte of one.
//
// See https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md and
// https://connectrpc.com/docs/protocol#streaming-rpcs
package frame

import "strings"

// Format is the form of a body.
type Format uint8

// The formats.
const (
	// None is a body without frames.
	None Format = iota
	// Web is gRPC-Web.
	Web
	// WebText is gRPC-Web as base64 text.
	WebText
	// Connect is a stream of Connect.
	Connect
)

const (
	webType     = "application/grpc-web"
	webTextType = "application/grpc-web-text"
	connectType = "application/connect+"
)

// FormatOf returns the format of a body from its media type.
func FormatOf(mediaType string) Format {
	switch {
	case begins(mediaType, webTextType):
		return WebText
	case begins(mediaType, webType):
		return Web
	case begins(mediaType, connectType):
		return Connect
	}
	return None
}

func begins(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// Ending is how a call ended.
type Ending uint8

// The endings.
const (
	// Unknown: the body did not say, or could not be read.
	Unknown Ending = iota
	// Succeeded: without an error.
	Succeeded
	// Unauthenticated: the credential was wrong or missing.
	Unauthenticated
	// Otherwise: with another error.
	Otherwise
)

const (
	// headSize is the size of a frame's head: flags, and the length of what follows.
	headSize = 5
	// Flags of the frame that ends the body.
	webLast     = 0x80
	connectLast = 0x02
	// compressed is the flag of a frame that is compressed.
	compressed = 0x01
	// maxLast is how much of the last frame is read, in bytes.
	maxLast = 64 << 10
)

// Reader reads one body. The zero Reader reads nothing.
type Reader struct {
	format Format
	begun  bool   // there was a byte
	full   bool   // there was a message
	last   bool   // the current frame is the last one
	done   bool   // nothing more will tell
	ending Ending // as far as the last frame has told
	head   uint8  // bytes of the frame's head that have come
	text   uint8  // characters that wait for their quantum
	flags  byte
	left   uint32 // bytes of the frame that are to come
	read   uint32 // bytes of the last frame

	quantum [4]byte
	web     trailer
	connect ending
}

// Begin makes the Reader read a body.
func (r *Reader) Begin(f Format) { *r = Reader{format: f, done: f == None} }

// Format is what the Reader reads.
func (r *Reader) Format() Format { return r.format }

// Ending tells how the call ended, as far as the body has told.
func (r *Reader) Ending() Ending { return r.ending }

// Begun tells whether the body has a byte.
func (r *Reader) Begun() bool { return r.begun }

// HasMessage tells whether a message has begun.
func (r *Reader) HasMessage() bool { return r.full }

// EndsBare tells whether the last frame has begun, and there was no message before it.
// A client that has seen its head knows that there will be none.
func (r *Reader) EndsBare() bool { return r.last && !r.full }

// Skip passes a piece of the body of size bytes that needs not be read, and tells
// whether it is one: all of it belongs to a message.
func (r *Reader) Skip(size int) bool {
	if r.format == WebText || !r.inMessage() || uint64(size) > uint64(r.left) {
		return false
	}
	r.pass(uint32(size))
	return true
}

// Feed reads the next piece of the body. It returns true when nothing more will tell.
func (r *Reader) Feed(piece []byte) (done bool) {
	r.begun = r.begun || len(piece) > 0
	for len(piece) > 0 && !r.done {
		if r.format == WebText {
			piece = r.feedText(piece)
			continue
		}
		if n := r.upTo(len(piece)); n > 0 {
			r.pass(uint32(n))
			piece = piece[n:]
			continue
		}
		r.octet(piece[0])
		piece = piece[1:]
	}
	return r.done
}

// inMessage tells whether the next byte belongs to a message.
func (r *Reader) inMessage() bool { return r.head == headSize && !r.last && !r.done }

// upTo returns how many of the next n bytes belong to the current message.
func (r *Reader) upTo(n int) int {
	if !r.inMessage() {
		return 0
	}
	return int(min(uint64(n), uint64(r.left)))
}

// pass skips n bytes of the current message, which has at least n more.
func (r *Reader) pass(n uint32) {
	if r.left -= n; r.left == 0 {
		r.head = 0
	}
}

// octet reads a byte that belongs to no message.
func (r *Reader) octet(c byte) {
	switch {
	case r.head == 0:
		r.flags, r.left, r.head = c, 0, 1
	case r.head < headSize:
		r.left = r.left<<8 | uint32(c)
		if r.head++; r.head == headSize {
			r.open()
		}
	default:
		r.inLast(c)
	}
}

// open begins a frame whose head has come.
func (r *Reader) open() {
	mark := byte(webLast)
	if r.format == Connect {
		mark = connectLast
	}
	switch r.last = r.flags&mark != 0; {
	case !r.last:
		r.full = true
		r.pass(0) // a message may be empty
	case r.flags&compressed != 0 || r.left == 0:
		r.done = true
	}
}

// inLast reads a byte of the last frame.
func (r *Reader) inLast(c byte) {
	r.left--
	r.read++
	told := false
	if r.format == Connect {
		r.ending, told = r.connect.octet(c)
	} else {
		r.ending, told = r.web.octet(c, r.left == 0)
	}
	r.done = told || r.left == 0 || r.read == maxLast
}
