package proxy

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// FuzzPairs: no bytes from the proxy make ReadPairs panic or read outside of them, and
// AppendPairs writes pairs so that ReadPairs returns the same.
func FuzzPairs(f *testing.F) {
	whole := AppendPairs(nil, []Header{{Name: ":path", Value: "/mcp"}, {Name: "authorization", Value: ""}, {Name: "", Value: "x"}})
	f.Add([]byte(nil))
	f.Add(AppendPairs(nil, nil))
	f.Add(whole)
	for _, cut := range []int{1, 4, 8, 20, len(whole) - 1} {
		f.Add(whole[:cut])
	}
	for _, count := range []uint32{4, 1 << 28, 1 << 31, 1<<32 - 1} {
		f.Add(append(binary.LittleEndian.AppendUint32(nil, count), whole[4:]...))
		f.Add(append(binary.LittleEndian.AppendUint32(slices.Clone(whole[:4]), count), whole[8:]...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		pairs := ReadPairs(string(b), nil)
		again := ReadPairs(string(AppendPairs(nil, pairs)), nil)
		if !slices.Equal(pairs, again) {
			t.Fatalf("%q is read as %q, and that as %q", b, pairs, again)
		}
		for _, p := range pairs {
			if !strings.Contains(string(b), p.Name) || !strings.Contains(string(b), p.Value) {
				t.Fatalf("%q is not in %q", p, b)
			}
		}
		if len(b) >= 4 && len(pairs) > int(binary.LittleEndian.Uint32(b)) {
			t.Fatalf("%d pairs of %d", len(pairs), binary.LittleEndian.Uint32(b))
		}
	})
}
