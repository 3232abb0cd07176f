//go:build !tinygo

package heap

import "unsafe"

// memory stands for the memory of a VM in tests: addresses are offsets.
type memory struct {
	words []uint64 // as large as the memory is, with the room that it can grow into
	base  uint32   // of the heap; the globals are in front of it
}

// newMemory returns a memory of size bytes, which grows to at most limit.
func newMemory(base, size, limit uint32) memory {
	return memory{words: make([]uint64, size/8, limit/8), base: base}
}

func (m *memory) size() uint32 { return uint32(len(m.words)) * 8 }

func (m *memory) at(address uint32) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(&m.words[address/8]), address%8)
}

func (m *memory) extent() (start, end uint32) { return m.base, m.size() }

func (m *memory) grow(n uint32) bool {
	if size := len(m.words) + int(n)*growth/8; size <= cap(m.words) {
		m.words = m.words[:size]
		return true
	}
	return false
}

func (m *memory) roots() (start, end uint32) { return 0, m.base }
