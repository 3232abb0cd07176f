// Package jsonguard tells JSON that is safe to hand to gjson from other bytes.
//
//	jsonguard.go   values, and how deep they are nested
//	scalar.go      texts, numbers and words
package jsonguard

// MaxDepth is how deep arrays and objects may be nested. gjson reads by recursion in some
// places, and TinyGo's stack is small: without a bound, a body of brackets would trap the VM.
const MaxDepth = 64

// Valid tells whether b is one valid JSON value, nested no deeper than MaxDepth.
func Valid(b []byte) bool {
	c := checker{b: b}
	for {
		if !c.value() {
			return false
		}
		switch c.end() {
		case another:
			if c.inObject() && !c.name() {
				return false
			}
		case whole:
			return c.i == len(b)
		case broken:
			return false
		}
	}
}

// checker reads JSON in one pass, without recursion.
type checker struct {
	b []byte
	i int
	// objects has a bit for each open array and object, the innermost last: 1 for an object.
	objects uint64
	depth   int
}

// next skips white space and returns the byte behind it, 0 at the end.
func (c *checker) next() byte {
	for ; c.i < len(c.b); c.i++ {
		switch c.b[c.i] {
		case ' ', '\t', '\n', '\r':
		default:
			return c.b[c.i]
		}
	}
	return 0
}

// open enters an array or an object.
func (c *checker) open(kind uint64) bool {
	c.i++
	c.depth++
	c.objects = c.objects<<1 | kind
	return c.depth <= MaxDepth
}

func (c *checker) inObject() bool { return c.objects&1 == 1 }

func (c *checker) close() {
	c.i++
	c.depth--
	c.objects >>= 1
}

// value reads a value. Of an array or an object it reads no more than the first value that is
// not one itself, or is empty.
func (c *checker) value() bool {
	for {
		switch first := c.next(); first {
		case '{':
			if !c.open(1) {
				return false
			}
			if c.next() == '}' {
				c.close()
				return true
			}
			if !c.name() {
				return false
			}
		case '[':
			if !c.open(0) {
				return false
			}
			if c.next() == ']' {
				c.close()
				return true
			}
		default:
			return c.scalar(first)
		}
	}
}

// name reads the name of a member, and the colon behind it.
func (c *checker) name() bool {
	if c.next() != '"' || !c.text() || c.next() != ':' {
		return false
	}
	c.i++
	return true
}

// What stands behind a value.
type mark uint8

const (
	broken  mark = iota
	another      // a comma, behind which another value has to come
	whole        // nothing is open any more
)

// end reads what stands behind a value, and closes the arrays and objects that end there.
func (c *checker) end() mark {
	for c.depth > 0 {
		switch next := c.next(); {
		case next == ',':
			c.i++
			return another
		case next == '}' && c.inObject(), next == ']' && !c.inObject():
			c.close()
		default:
			return broken
		}
	}
	c.next()
	return whole
}
