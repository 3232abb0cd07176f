package heap

import (
	"strconv"
	"testing"
)

// BenchmarkCollect collects a heap in which everything is in use: structures of 64 bytes
// with pointers to the next one and to a leaf.
func BenchmarkCollect(b *testing.B) {
	for _, kilobytes := range []uint32{100, 1000, 10000} {
		b.Run(strconv.Itoa(int(kilobytes))+"kB", func(b *testing.B) {
			h, next := newHeap(64<<20), uint32(0)
			for h.allocated < kilobytes*1000 {
				object := h.must(b, 64, false)
				h.set(object, next)
				h.set(object+32, h.must(b, 48, true))
				next = object
			}
			h.root(0, next)
			for b.Loop() {
				h.Collect()
			}
		})
	}
}

func BenchmarkAlloc(b *testing.B) {
	h := newHeap(testLimit)
	for b.Loop() {
		h.must(b, 100, false)
		if h.Due() {
			h.Collect()
		}
	}
}
