package jsonguard

import "encoding/binary"

// scalar reads a value that is neither an array nor an object.
func (c *checker) scalar(first byte) bool {
	switch first {
	case '"':
		return c.text()
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	}
	return c.number()
}

func (c *checker) word(word string) bool {
	end := c.i + len(word)
	if end > len(c.b) || string(c.b[c.i:end]) != word {
		return false
	}
	c.i = end
	return true
}

// text reads a text, from its first quotation mark on.
func (c *checker) text() bool {
	c.i++
	for {
		if c.i += Plain(c.b[c.i:]); c.i >= len(c.b) {
			return false
		}
		switch letter := c.b[c.i]; {
		case letter == '"':
			c.i++
			return true
		case letter < ' ', letter == '\\' && !c.escape():
			return false
		}
		c.i++
	}
}

// Plain returns how many bytes of a text, from its beginning on, have no meaning in JSON: all
// of them but for the last few.
func Plain(text []byte) int {
	n := 0
	for n+8 <= len(text) && isPlain(binary.LittleEndian.Uint64(text[n:])) {
		n += 8
	}
	return n
}

// isPlain tells whether eight bytes of a text have no meaning in JSON. Most of a long body is
// such text, and to look at eight bytes at once takes a fraction of the time, in Wasm above all.
func isPlain(w uint64) bool {
	const ones = 0x0101010101010101
	quotes, slashes := w^ones*'"', w^ones*'\\' // those bytes are 0 here
	special := (w-ones*' ')&^w | (quotes-ones)&^quotes | (slashes-ones)&^slashes
	return special&(ones<<7) == 0
}

// escape reads an escape, up to its last byte.
func (c *checker) escape() bool {
	c.i++
	if c.i >= len(c.b) {
		return false
	}
	switch c.b[c.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if c.i++; c.i >= len(c.b) || !isHexadecimal(c.b[c.i]) {
				return false
			}
		}
		return true
	}
	return false
}

func isHexadecimal(digit byte) bool {
	return '0' <= digit && digit <= '9' || 'a' <= digit|0x20 && digit|0x20 <= 'f'
}

func (c *checker) number() bool {
	if c.at('-') {
		c.i++
	}
	if c.at('0') {
		c.i++
	} else if !c.digits() {
		return false
	}
	if c.at('.') {
		if c.i++; !c.digits() {
			return false
		}
	}
	if c.at('e') || c.at('E') {
		if c.i++; c.at('+') || c.at('-') {
			c.i++
		}
		return c.digits()
	}
	return true
}

func (c *checker) at(letter byte) bool { return c.i < len(c.b) && c.b[c.i] == letter }

// digits reads at least one digit.
func (c *checker) digits() bool {
	begin := c.i
	for c.i < len(c.b) && '0' <= c.b[c.i] && c.b[c.i] <= '9' {
		c.i++
	}
	return c.i > begin
}
