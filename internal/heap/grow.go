package heap

import "unsafe"

const (
	// spansPerPage is the room in the collector's stack for each page of the heap. If it
	// is too small, a collection takes longer; see Heap.drain.
	spansPerPage = 4
	perPage      = uint32(unsafe.Sizeof(page{})) + spansPerPage*uint32(unsafe.Sizeof(span{}))
	// leastCapacity is how many pages the first table describes.
	leastCapacity = 256
	// mostGrowth bounds what the heap grows by beyond what is asked for, in bytes.
	mostGrowth = 1 << 20
	perGrowth  = growth / pageSize
)

// grow adds at least n free pages that lie side by side, and an eighth of the heap, so
// that a heap that grows does so seldom. If there is not so much, it takes what it needs.
func (h *Heap) grow(n uint32) bool {
	return h.growBy(n+min(h.pages/8, mostGrowth/pageSize)) || h.growBy(n)
}

// growBy adds n pages, and those that a larger table takes.
func (h *Heap) growBy(n uint32) bool {
	start, end := h.memory.extent()
	if h.origin == 0 {
		h.origin = (start - 1) &^ (pageSize - 1)
	}
	pages := (end - h.origin) / pageSize
	if h.capacity != 0 && pages != h.pages {
		// Something else grew the memory, which nothing does: no allocator of C is linked in.
		return false
	}
	capacity, table := h.capacity, uint32(0)
	for pages+n+table+perGrowth > capacity {
		capacity = max(2*capacity, leastCapacity)
		table = (capacity*perPage + pageSize - 1) / pageSize
	}
	n = (n + table + perGrowth - 1) / perGrowth
	if pages+n*perGrowth > maxPages || !h.memory.grow(n) {
		return false
	}
	h.pages = pages + n*perGrowth
	if table != 0 {
		h.move(pages, capacity)
	}
	return true
}

// maxPages keeps the addresses below 4 GiB.
const maxPages = 1<<20 - 512

// move places a table for capacity pages at the page first, which is new. The collector's
// stack follows it. New memory is cleared, so that new pages are free.
func (h *Heap) move(first, capacity uint32) {
	old, n := h.table, h.capacity
	h.table, h.capacity = h.address(first), capacity
	h.stack, h.room = h.table+capacity*uint32(unsafe.Sizeof(page{})), capacity*spansPerPage
	for i := uint32(0); i < n*uint32(unsafe.Sizeof(page{})); i += 4 {
		*(*uint32)(h.memory.at(h.table + i)) = *(*uint32)(h.memory.at(old + i))
	}
	if n != 0 {
		h.use(old, n*perPage, free)
		h.lowest = min(h.lowest, (old-h.origin)/pageSize)
	}
	h.use(h.table, capacity*perPage, own)
	h.page(0).use = own
}

// use says what the pages of size bytes are used for.
func (h *Heap) use(address, size uint32, use uint8) {
	first := (address - h.origin) / pageSize
	for i := range (size + pageSize - 1) / pageSize {
		*h.page(first + i) = page{use: use}
	}
}
