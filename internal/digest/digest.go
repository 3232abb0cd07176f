// Package digest compares the hashes of secrets for as long as it takes, whatever they
// are: the time says nothing about them.
package digest

import (
	"crypto/sha256"
	"encoding/binary"
)

// Digest is a SHA-256 made ready for being compared.
type Digest [4]uint64

// New makes a digest of a hash.
func New(hash [sha256.Size]byte) (d Digest) {
	for i := range d {
		d[i] = binary.LittleEndian.Uint64(hash[8*i:])
	}
	return d
}

// Same is 1 if the digests are the same, and 0 if they differ.
func (d *Digest) Same(other *Digest) int {
	var different uint64
	for i, word := range d {
		different |= word ^ other[i]
	}
	return int(1 ^ (different|-different)>>63)
}
