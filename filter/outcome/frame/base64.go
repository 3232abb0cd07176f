package frame

import "bytes"

// feedText reads a part of a piece of base64 text and returns the rest. Padding may
// stand at the end of any quantum of four characters: a server pads whenever it
// flushes, and not only at the end of a frame.
func (r *Reader) feedText(piece []byte) (rest []byte) {
	if r.text == 0 {
		// A quantum without padding is three bytes of the message.
		n := min(len(piece)/4, r.upTo(3*len(piece)/4)/3) * 4
		if pad := bytes.IndexByte(piece[:n], '='); pad >= 0 {
			n = pad &^ 3
		}
		if n > 0 {
			r.pass(uint32(n / 4 * 3))
			return piece[n:]
		}
	}
	r.quantum[r.text&3] = piece[0]
	if r.text++; r.text == 4 {
		r.text = 0
		r.decode()
	}
	return piece[1:]
}

// decode reads the bytes of a quantum.
func (r *Reader) decode() {
	q, size := &r.quantum, 3
	for size > 1 && q[size] == '=' {
		size--
	}
	bits := 0
	for i := 0; i < 4; i++ {
		digit := 0
		if i <= size {
			digit = sextet(q[i])
		}
		if digit < 0 {
			r.done = true
			return
		}
		bits = bits<<6 | digit
	}
	for i := 0; i < size && !r.done; i++ {
		if r.inMessage() {
			r.pass(1)
		} else {
			r.octet(byte(bits >> (16 - 8*i)))
		}
	}
}

// sextet returns the value of a character of base64, or -1. Clients read the alphabet
// for URLs, too.
func sextet(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}
