package proxy

import (
	"encoding/binary"
	"slices"
)

// word is the size of a number in a serialized header map, in bytes.
const word = 4

// ReadPairs appends the lines of a serialized header map to into: the number of
// pairs, the sizes of all names and values, then the names and values, each with a
// NUL after it. Of a truncated map it reads the pairs that are complete. Lists and
// objects of metadata have the same form.
func ReadPairs(s string, into []Header) []Header {
	if len(s) < word {
		return into
	}
	// Compared before the conversion, because an int has 32 bits under TinyGo.
	number := ReadWord(s)
	if uint64(number) > uint64(len(s)-word)/(2*word) {
		return into
	}
	count := int(number)
	at := word + count*2*word // where the next piece begins
	n := len(into)
	into = slices.Grow(into, count)[:n+count]
	for i := 0; i < count; i++ {
		sizes := s[word+i*2*word:]
		// Each piece ends before the NUL that follows it, which must be there, too.
		// 64 bits, because a sum of sizes may be too large for an int.
		middle := uint64(at) + uint64(ReadWord(sizes))
		end := middle + 1 + uint64(ReadWord(sizes[word:]))
		if end >= uint64(len(s)) {
			return into[:n+i]
		}
		into[n+i] = Header{Name: s[at:middle], Value: s[middle+1 : end]}
		at = int(end) + 1
	}
	return into
}

// ReadWord reads a little-endian 32-bit word. s must have at least four bytes.
func ReadWord(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// AppendPairs appends headers in the form that ReadPairs reads.
func AppendPairs(b []byte, headers []Header) []byte {
	begin, size := len(b), word
	for i := range headers {
		size += 2*word + len(headers[i].Name) + len(headers[i].Value) + 2
	}
	b = slices.Grow(b, size)[:begin+size]
	sizes := b[begin:]
	binary.LittleEndian.PutUint32(sizes, uint32(len(headers)))
	sizes = sizes[word:]
	pieces := sizes[2*word*len(headers):]
	for i := range headers {
		h := &headers[i]
		binary.LittleEndian.PutUint32(sizes, uint32(len(h.Name)))
		binary.LittleEndian.PutUint32(sizes[word:], uint32(len(h.Value)))
		sizes = sizes[2*word:]
		pieces = putPiece(putPiece(pieces, h.Name), h.Value)
	}
	return b
}

// putPiece writes a piece with its NUL and returns what is behind it.
func putPiece(b []byte, piece string) []byte {
	n := copy(b, piece)
	b[n] = 0
	return b[n+1:]
}
