package table

import (
	"encoding/binary"
	"math/bits"
)

// Seed is the secret key of the table's hash.
type Seed [16]byte

// sum is SipHash-2-4 with 128 bits of output, low half first: a pseudorandom
// function, so that without the seed clients cannot be aimed at one set.
// See https://github.com/veorq/SipHash
func (seed Seed) sum(data []byte) (lo, hi uint64) {
	k0 := binary.LittleEndian.Uint64(seed[0:8])
	k1 := binary.LittleEndian.Uint64(seed[8:16])
	// Local variables, because an array would be read and written in memory at each step.
	v0, v1 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d^0xee
	v2, v3 := k0^0x6c7967656e657261, k1^0x7465646279746573
	last := uint64(len(data)) << 56
	for i, b := range data[len(data)&^7:] {
		last |= uint64(b) << (8 * uint(i))
	}
	words := len(data) / 8
	// All words, the last one, and what makes the two halves of the output.
	for i := 0; i < words+3; i++ {
		word, rounds := uint64(0), 2
		switch {
		case i < words:
			word = binary.LittleEndian.Uint64(data[8*i:])
		case i == words:
			word = last
		case i == words+1:
			v2 ^= 0xee
			rounds = 4
		default:
			lo = v0 ^ v1 ^ v2 ^ v3
			v1 ^= 0xdd
			rounds = 4
		}
		v3 ^= word
		for ; rounds > 0; rounds-- {
			v0 += v1
			v1 = bits.RotateLeft64(v1, 13) ^ v0
			v0 = bits.RotateLeft64(v0, 32)
			v2 += v3
			v3 = bits.RotateLeft64(v3, 16) ^ v2
			v0 += v3
			v3 = bits.RotateLeft64(v3, 21) ^ v0
			v2 += v1
			v1 = bits.RotateLeft64(v1, 17) ^ v2
			v2 = bits.RotateLeft64(v2, 32)
		}
		v0 ^= word
	}
	return lo, v0 ^ v1 ^ v2 ^ v3
}
