package table

import (
	"encoding/base64"
	"math/rand"
	"testing"
)

// No two sequences of parts are the same bytes.
func TestPartsAreInjective(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	seen := map[string]string{}
	for i := 0; i < 20_000; i++ {
		var bytes []byte
		parts := ""
		for n := random.Intn(4); n > 0; n-- {
			part := make([]byte, random.Intn(4))
			for j := range part {
				part[j] = byte(random.Intn(3))
			}
			bytes = AppendPart(bytes, string(part))
			parts += "|" + base64.StdEncoding.EncodeToString(part)
		}
		if before, found := seen[string(bytes)]; found && before != parts {
			t.Fatalf("%s and %s are both %x", before, parts, bytes)
		}
		seen[string(bytes)] = parts
	}
}
