package table

import (
	"encoding/binary"
	"math/bits"
)

// KeySize is the number of bytes of a written key.
const KeySize = 16

// Append writes the key down, so that its record can be found without knowing
// the counter's name.
func (k Key) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, k.place)
	return binary.BigEndian.AppendUint64(b, k.fingerprint)
}

// ReadKey reads a written key, which has KeySize bytes.
func ReadKey(b []byte) (key Key, ok bool) {
	if len(b) != KeySize {
		return Key{}, false
	}
	return Key{place: binary.BigEndian.Uint64(b), fingerprint: binary.BigEndian.Uint64(b[8:])}, true
}

// Spread is a number that differs from key to key, for other tables than this one.
func (k Key) Spread() uint32 { return uint32(k.place >> 32) }

// MaxSize is the largest size that a table may have.
const MaxSize = 18

// Size is the table's number of sets as a power of two. [NewSized] makes a table of the
// same size.
func (t *Table) Size() uint8 { return uint8(bits.Len64(t.mask)) }

// NewSized returns the table that [New] returns for others, if it has the given size,
// which is at most MaxSize.
func NewSized(store Store, seed Seed, size uint8) *Table {
	return New(store, seed, Ways<<min(size, MaxSize))
}

// AppendPart appends a part of a counter's name with its length, so that no two
// sequences of parts are the same bytes.
func AppendPart(out []byte, part string) []byte {
	n := len(part)
	out = append(out, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return append(out, part...)
}
