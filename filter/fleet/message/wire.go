package message

// wireType is how the value of a field is written.
type wireType uint8

const (
	varint          wireType = 0
	fixed64         wireType = 1
	lengthDelimited wireType = 2
	fixed32         wireType = 5
)

const (
	// tagSize is the size of a tag of a field up to 15, which all fields here are.
	tagSize = 1
	// maxField is the highest number of a field.
	maxField = 1<<29 - 1
	// maxVarint is the most bytes that a number has.
	maxVarint = 10
)

func appendNumber(b []byte, field uint8, n uint64) []byte {
	return appendVarint(append(b, field<<3|byte(varint)), n)
}

func appendText(b []byte, field uint8, s string) []byte {
	return append(appendHead(b, field, len(s)), s...)
}

// appendHead begins a field whose content, of a known size, is appended next.
func appendHead(b []byte, field uint8, size int) []byte {
	return appendVarint(append(b, field<<3|byte(lengthDelimited)), uint64(size))
}

func appendVarint(b []byte, n uint64) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// fieldSize is the size of a field with so many bytes of content.
func fieldSize(size int) int { return tagSize + varintSize(uint64(size)) + size }

func varintSize(n uint64) int {
	size := 1
	for n >= 0x80 {
		n >>= 7
		size++
	}
	return size
}

// reader reads the fields of a message.
type reader struct {
	rest []byte
	// The field that was read last, with its value: number if that is a varint, bytes if
	// it has a length.
	field  uint64
	wire   wireType
	number uint64
	bytes  []byte
	failed bool // what follows is not protobuf
}

// is tells whether the field that was read last is the one that is meant. With another
// wire type it is an unknown field.
func (r *reader) is(field uint64, wire wireType) bool { return r.field == field && r.wire == wire }

// next reads a field. It returns false at the end of the message, and where it fails.
func (r *reader) next() bool {
	if len(r.rest) == 0 || r.failed {
		return false
	}
	tag := r.varint()
	r.field, r.wire = tag>>3, wireType(tag&7)
	if r.field == 0 || r.field > maxField {
		r.failed = true
	}
	switch r.wire {
	case varint:
		r.number = r.varint()
	case fixed64:
		r.take(8)
	case lengthDelimited:
		r.bytes = r.take(r.varint())
	case fixed32:
		r.take(4)
	default:
		r.failed = true
	}
	return !r.failed
}

func (r *reader) varint() (n uint64) {
	for i := 0; i < len(r.rest) && i < maxVarint; i++ {
		c := r.rest[i]
		if i == maxVarint-1 && c > 1 {
			break // more than 64 bits
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.failed = true
	return 0
}

// take cuts off the next bytes.
func (r *reader) take(size uint64) []byte {
	if size > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	taken := r.rest[:size]
	r.rest = r.rest[size:]
	return taken
}
