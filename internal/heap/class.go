package heap

import "math/bits"

// The sizes of small objects: 16, 32, 48 and 64 bytes, then two for each doubling, 96 and
// 128 to 1536 and 2048. All are multiples of 16, the largest alignment that C knows. They
// are computed, not listed: packages that are initialized earlier allocate, too.
const (
	grain      = 16
	maxSmall   = 2048
	numClasses = 14
)

// classOf returns the class of the smallest objects that have size bytes, at most maxSmall.
func classOf(size uint32) uint32 {
	n := (size + grain - 1) / grain
	if n <= 4 {
		return max(n, 1) - 1
	}
	b := uint32(bits.Len32(n - 1)) // at least 3
	return 4 + (b-3)*2 + (n-1)>>(b-2)&1
}

// sizeOf returns the size of a class's objects.
func sizeOf(class uint32) uint32 {
	if class < 4 {
		return (class + 1) * grain
	}
	return (6 + class%2*2) * grain << ((class - 4) / 2)
}

// supply gives out the objects of one class. Its zero value has none.
type supply struct {
	// free are the free ones of 32 objects that lie side by side, as bits, and base is the
	// address of the first of the 32.
	free, base uint32
	size       uint32
	// page is the page that the objects are in, and next the group of 32 in it that comes
	// next. list is the first page behind it that has free objects. 0 is none.
	page, next, list uint32
}

// refill finds free objects for a supply, or returns false if the memory is exhausted.
func (h *Heap) refill(s *supply, class uint32, leaf bool) bool {
	s.size = sizeOf(class)
	for s.page == 0 || !h.nextGroup(s) {
		if s.page = s.list; s.page != 0 {
			s.list = h.page(s.page).next
		} else if s.page = h.newPage(s.size, leaf); s.page == 0 {
			return false
		}
		s.next = 0
	}
	return true
}

// nextGroup looks in the supply's page for the next 32 objects with a free one.
func (h *Heap) nextGroup(s *supply) bool {
	p := h.page(s.page)
	count := pageSize / s.size
	for s.next*32 < count && s.next < uint32(len(p.marks)) {
		free, left := ^p.marks[s.next], count-s.next*32
		if left < 32 {
			free &= 1<<left - 1
		}
		s.base = h.address(s.page) + s.next*32*s.size
		s.next++
		if free != 0 {
			s.free = free
			h.allocated += uint32(bits.OnesCount32(free)) * s.size
			return true
		}
	}
	return false
}
