// Package sse reads streams of server-sent events that arrive in pieces.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
package sse

import "github.com/gatewarden/gatewarden/internal/text"

// Reader reads one stream. The zero Reader is ready.
type Reader struct {
	field  [4]byte // the beginning of the line's field name
	length int     // of the name so far
	state  state
	mark   int  // how much of a byte order mark has come
	lines  int  // lines of data that the event has
	crlf   bool // the last byte was a carriage return
}

// What a byte is.
type What uint8

const (
	// Frame belongs to no data.
	Frame What = iota
	// Data belongs to the data of an event.
	Data
	// MoreData is the colon before a further line of data: the data goes on after a line
	// feed.
	MoreData
	// End is the last byte of an event that has data.
	End
)

type state uint8

const (
	atStart state = iota // of the stream
	inName               // of a line's field
	afterColon
	inData
	inOther // of a field that does not matter
)

const dataField = "data"

var byteOrderMark = [3]byte{0xef, 0xbb, 0xbf}

// Next reads a byte, and tells what it is.
func (r *Reader) Next(c byte) What {
	lineFeed := r.crlf && c == '\n'
	r.crlf = c == '\r'
	switch {
	case lineFeed:
		return Frame
	case c == '\n' || c == '\r':
		return r.endLine()
	}
	switch r.state {
	case inData:
		return Data
	case afterColon: // one space does not belong to the data
		if r.state = inData; c == ' ' {
			return Frame
		}
		return Data
	case atStart:
		if r.mark < len(byteOrderMark) && c == byteOrderMark[r.mark] {
			r.mark++
			return Frame
		}
		if r.state = inName; r.mark < len(byteOrderMark) {
			r.length = r.mark // they belong to the name
		}
		return r.name(c)
	case inName:
		return r.name(c)
	}
	return Frame
}

// name reads a byte of a field's name, or the colon behind it.
func (r *Reader) name(c byte) What {
	switch {
	case c == ':' && r.length == len(dataField) && text.View(r.field[:]) == dataField:
		r.state = afterColon
		if r.lines++; r.lines > 1 {
			return MoreData
		}
	case c == ':':
		r.state = inOther
	default:
		if r.length < len(r.field) {
			r.field[r.length] = c
		}
		r.length++
	}
	return Frame
}

func (r *Reader) endLine() What {
	blank := (r.state == inName || r.state == atStart) && r.length == 0
	r.state, r.length = inName, 0
	if !blank || r.lines == 0 {
		return Frame
	}
	r.lines = 0
	return End
}
