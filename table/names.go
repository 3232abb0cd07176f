package table

import "encoding/binary"

// Key is the hash of a counter's name.
type Key struct{ fingerprint, place uint64 }

// Names hashes the names of counters under a seed. It is not safe for concurrent use.
type Names struct {
	seed Seed
	name []byte // scratch: what is hashed
}

// NewNames returns names under a seed.
func NewNames(seed Seed) *Names { return &Names{seed: seed} }

// Key hashes a counter's name, which is the sequence of its parts: each goes in
// with its length, so that no two sequences are the same name.
func (n *Names) Key(parts ...[]byte) Key {
	n.name = n.name[:0]
	for _, part := range parts {
		n.name = binary.LittleEndian.AppendUint32(n.name, uint32(len(part)))
		n.name = append(n.name, part...)
	}
	lo, hi := n.seed.sum(n.name)
	return Key{fingerprint: lo, place: hi}
}

// Hash is a keyed 64-bit hash of data, for logs that must not show it.
func (n *Names) Hash(data []byte) uint64 {
	return n.Key([]byte("hash"), data).fingerprint
}

// AppendHex appends the key in hexadecimal, which has [HexSize] digits.
func (k Key) AppendHex(b []byte) []byte {
	const digits = "0123456789abcdef"
	var name [KeySize]byte
	for _, c := range k.Append(name[:0]) {
		b = append(b, digits[c>>4], digits[c&15])
	}
	return b
}

// HexSize is the number of digits of a key in hexadecimal.
const HexSize = 2 * KeySize

// Fingerprint is the half of the key that tells it from others, for memory that keeps no
// whole keys.
func (k Key) Fingerprint() uint64 { return k.fingerprint }
