package heap

import "math/bits"

// Heap is a heap. Its zero value is ready for use. It is not safe for concurrent use.
//
// It is a global in Wasm, so its own fields are searched for pointers. None of them holds
// the address of an object while a collection runs.
type Heap struct {
	memory memory
	// origin is the address of page 0, which lies in front of the heap and is not used: its
	// number means no page. pages is the number of pages, and none below lowest is free.
	origin, pages, lowest uint32
	// table is the address of the pages' descriptions, of which there can be capacity.
	table, capacity uint32
	// stack is the address of the collector's stack, which has room for that many spans.
	stack, room uint32
	supplies    [2][numClasses]supply // the second of leaves

	allocated uint32 // since the last collection, in bytes; free objects at hand count, too
	live      uint32 // after the last collection, in bytes
	spans     uint32 // on the collector's stack
	overflow  bool   // of the collector's stack
	used      bool   // since the last collection; only with poison
}

// Alloc returns the address of an object with size bytes, which are zero. It is a multiple
// of 16. A leaf has no pointers. The result is 0 if the memory is exhausted.
func (h *Heap) Alloc(size uint32, leaf bool) uint32 {
	h.used = h.used || poison
	if size > maxSmall {
		return h.newLarge(size, leaf)
	}
	class, kind := classOf(size), 0
	if leaf {
		kind = 1
	}
	s := &h.supplies[kind][class]
	if s.free == 0 && !h.refill(s, class, leaf) {
		return 0
	}
	address := s.base + uint32(bits.TrailingZeros32(s.free))*s.size
	s.free &= s.free - 1
	h.clear(address, s.size)
	return address
}

// clear sets size bytes to zero, a multiple of 16.
func (h *Heap) clear(address, size uint32) {
	for end := address + size; address < end; address += grain {
		*(*[2]uint64)(h.memory.at(address)) = [2]uint64{}
	}
}

// leastGarbage is how much is allocated before a collection is worth its time, in bytes.
// A small heap takes 0.05 ms to collect, most of it for the globals.
const leastGarbage = 128 << 10

// Due tells whether it is time for a collection: as much was allocated as is in use. So
// the heap takes about twice what is in use, unless one callback needs more, and what a collection costs is in
// proportion to what was allocated.
func (h *Heap) Due() bool { return h.allocated >= max(h.live, leastGarbage) }
