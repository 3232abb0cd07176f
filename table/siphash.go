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
	s := sipState{
		k0 ^ 0x736f6d6570736575,
		k1 ^ 0x646f72616e646f6d ^ 0xee,
		k0 ^ 0x6c7967656e657261,
		k1 ^ 0x7465646279746573,
	}
	last := uint64(len(data)) << 56
	for len(data) >= 8 {
		s.absorb(binary.LittleEndian.Uint64(data))
		data = data[8:]
	}
	for i, b := range data {
		last |= uint64(b) << (8 * uint(i))
	}
	s.absorb(last)

	s[2] ^= 0xee
	lo = s.squeeze()
	s[1] ^= 0xdd
	return lo, s.squeeze()
}

type sipState [4]uint64

func (s *sipState) absorb(word uint64) {
	s[3] ^= word
	s.round()
	s.round()
	s[0] ^= word
}

func (s *sipState) squeeze() uint64 {
	for i := 0; i < 4; i++ {
		s.round()
	}
	return s[0] ^ s[1] ^ s[2] ^ s[3]
}

func (s *sipState) round() {
	s[0] += s[1]
	s[1] = bits.RotateLeft64(s[1], 13) ^ s[0]
	s[0] = bits.RotateLeft64(s[0], 32)
	s[2] += s[3]
	s[3] = bits.RotateLeft64(s[3], 16) ^ s[2]
	s[0] += s[3]
	s[3] = bits.RotateLeft64(s[3], 21) ^ s[0]
	s[2] += s[1]
	s[1] = bits.RotateLeft64(s[1], 17) ^ s[2]
	s[2] = bits.RotateLeft64(s[2], 32)
}
