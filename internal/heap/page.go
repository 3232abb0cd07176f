package heap

import "unsafe"

const (
	pageShift = 12
	pageSize  = 1 << pageShift
	// growth is what the memory of a VM grows by, in bytes.
	growth = 64 << 10
)

// What a page is used for. The zero value of a page is free.
const (
	free  = iota
	small // for objects of one size
	large // the first page of a large object
	tail  // a further page of a large object
	own   // for the table and the stack of the collector
)

// page describes a page of the heap.
type page struct {
	use  uint8
	leaf bool // its objects have no pointers
	// reciprocal is 65536 divided by the objects' size in grains, rounded up. By it, and
	// without a division, follows which object an address belongs to.
	reciprocal uint32
	size       uint32 // of its objects, in bytes
	// next is, for a page of small objects, the next page with free ones, or 0; for
	// the first of a large object how many pages that has; for the others its first page.
	next  uint32
	marks [pageSize / grain / 32]uint32 // a bit for each object, a large one has the first
}

// page returns a page's description. It is valid until the memory grows.
func (h *Heap) page(i uint32) *page {
	return (*page)(h.memory.at(h.table + i*uint32(unsafe.Sizeof(page{}))))
}

// address returns the address of a page.
func (h *Heap) address(i uint32) uint32 { return h.origin + i*pageSize }

// newPage takes a page for objects of the given size. It returns 0 if the memory is
// exhausted.
func (h *Heap) newPage(size uint32, leaf bool) uint32 {
	i := h.take(1)
	if i != 0 {
		grains := size / grain
		*h.page(i) = page{use: small, leaf: leaf, size: size, reciprocal: (1<<16 + grains - 1) / grains}
	}
	return i
}

// newLarge takes pages for an object of the given size, and returns its address, or 0 if
// the memory is exhausted.
func (h *Heap) newLarge(size uint32, leaf bool) uint32 {
	if size > maxLarge {
		return 0
	}
	n := (size + pageSize - 1) / pageSize
	i := h.take(n)
	if i == 0 {
		return 0
	}
	size = (size + grain - 1) &^ (grain - 1)
	*h.page(i) = page{use: large, leaf: leaf, size: size, next: n}
	for j := i + 1; j < i+n; j++ {
		*h.page(j) = page{use: tail, next: i}
	}
	h.allocated += size
	address := h.address(i)
	h.clear(address, size)
	return address
}

// maxLarge is the size of the largest object, in bytes: sums of sizes must not overflow.
const maxLarge = 1 << 30

// take returns the first of n free pages that lie side by side, or 0 if the memory is
// exhausted. The caller gives them a use.
func (h *Heap) take(n uint32) uint32 {
	i := h.find(n)
	if i == 0 && h.grow(n) {
		i = h.find(n)
	}
	return i
}

// find looks for n free pages side by side, from the start.
func (h *Heap) find(n uint32) uint32 {
	lowest, run := h.pages, uint32(0)
	for i := h.lowest; i < h.pages; i++ {
		switch p := h.page(i); p.use {
		case free:
			lowest = min(lowest, i)
			run++
		case large:
			run = 0
			i += p.next - 1
		default:
			run = 0
		}
		if run == n {
			first := i + 1 - n
			if lowest == first {
				lowest += n
			}
			h.lowest = lowest
			return first
		}
	}
	h.lowest = lowest
	return 0
}
