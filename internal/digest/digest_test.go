package digest

import (
	"crypto/sha256"
	"testing"
)

// Two hashes that differ in one bit, any of them, are not the same.
func TestSame(t *testing.T) {
	hash := sha256.Sum256([]byte("secret"))
	one := New(hash)
	if again := New(hash); one.Same(&again) != 1 {
		t.Error("a hash is not the same as itself")
	}
	for bit := range 8 * len(hash) {
		near := hash
		near[bit/8] ^= 1 << (bit % 8)
		if other := New(near); one.Same(&other) != 0 || other.Same(&one) != 0 {
			t.Errorf("bit %d makes no difference", bit)
		}
	}
}
