package heap

import "math/bits"

// span is what the collector has yet to search: the words from start to end.
type span struct{ start, end uint32 }

// maxScan is how much is searched at once, in bytes. So a large object with many pointers
// takes little of the collector's stack.
const maxScan = 256

// Collect frees all objects that cannot be reached from the roots. The caller makes sure
// that no pointer is held elsewhere, such as in a function that is running.
func (h *Heap) Collect() {
	if h.capacity == 0 {
		return // nothing was allocated yet
	}
	h.supplies = [2][numClasses]supply{}
	for i := range h.pages {
		h.page(i).marks = [len(page{}.marks)]uint32{}
	}
	h.push(h.memory.roots())
	h.drain()
	h.sweep()
	h.allocated, h.used = 0, false
}

// push adds words to those that are yet to be searched.
func (h *Heap) push(start, end uint32) {
	if h.spans >= h.room {
		h.overflow = true
		return
	}
	*h.span(h.spans) = span{start, end}
	h.spans++
}

func (h *Heap) span(i uint32) *span { return (*span)(h.memory.at(h.stack + i*8)) }

// drain searches all that is on the stack, and what is found. If the stack was too small
// for that, objects are marked that were not searched, so it searches all marked ones once
// more. Each time, more objects are marked, so that comes to an end.
func (h *Heap) drain() {
	h.empty()
	for h.overflow {
		h.overflow = false
		for i := range h.pages {
			h.again(i)
		}
	}
}

// empty searches all that is on the stack.
func (h *Heap) empty() {
	for h.spans > 0 {
		h.spans--
		s := *h.span(h.spans)
		if s.end-s.start > maxScan {
			h.push(s.start+maxScan, s.end)
			s.end = s.start + maxScan
		}
		h.scan(s.start, s.end)
	}
}

// again searches the marked objects of a page.
func (h *Heap) again(i uint32) {
	p := h.page(i)
	if p.leaf {
		return
	}
	address := h.address(i)
	switch p.use {
	case large:
		if p.marks[0] != 0 {
			h.push(address, address+p.size)
			h.empty()
		}
	case small:
		for slot := range pageSize / p.size {
			if p.marks[slot/32%8]>>(slot%32)&1 != 0 {
				h.push(address+slot*p.size, address+(slot+1)*p.size)
				h.empty()
			}
		}
	}
}

// scan marks the objects that the words from start to end point to.
func (h *Heap) scan(start, end uint32) {
	first, size := h.origin, h.pages*pageSize
	for ; start < end; start += 4 {
		if offset := *(*uint32)(h.memory.at(start)) - first; offset < size {
			h.mark(offset)
		}
	}
}

// mark marks the object at an offset into the heap, if there is one.
func (h *Heap) mark(offset uint32) {
	i, slot := offset>>pageShift, uint32(0)
	p := h.page(i)
	switch p.use {
	case small:
		slot = offset % pageSize / grain * p.reciprocal >> 16
		if slot*p.size+p.size > pageSize {
			return // behind the last object
		}
	case tail:
		i = p.next
		p = h.page(i)
	case large:
	default:
		return
	}
	word, bit := &p.marks[slot/32%8], uint32(1)<<(slot%32)
	if *word&bit != 0 {
		return
	}
	*word |= bit
	if !p.leaf {
		address := h.address(i) + slot*p.size
		h.push(address, address+p.size)
	}
}

// sweep frees the pages on which nothing is marked, and lists those with room. It begins at
// the end, so that the lists begin with the first.
func (h *Heap) sweep() {
	h.live, h.lowest = 0, 0
	for i := h.pages - 1; i > 0; i-- {
		p := h.page(i)
		if poison && (p.use == small || p.use == large) {
			h.poison(i, p)
		}
		switch p.use {
		case small:
			h.sweepSmall(i, p)
		case large:
			if p.marks[0] != 0 {
				h.live += p.size
			} else {
				h.use(h.address(i), p.next*pageSize, free)
			}
		}
	}
}

// sweepSmall is sweep for a page of small objects.
func (h *Heap) sweepSmall(i uint32, p *page) {
	n := uint32(0)
	for _, word := range p.marks {
		n += uint32(bits.OnesCount32(word))
	}
	h.live += n * p.size
	switch kind := &h.supplies[0]; {
	case n == 0:
		*p = page{}
	case n < pageSize/p.size:
		if p.leaf {
			kind = &h.supplies[1]
		}
		s := &kind[classOf(p.size)]
		p.next, s.list = s.list, i
	}
}
