package heap

import (
	"testing"
	"unsafe"
)

const (
	testBase  = 8 << 10 // the globals, 2048 words, are in front of it
	testLimit = 16 << 20
)

func newHeap(limit uint32) *Heap { return &Heap{memory: newMemory(testBase, growth, limit)} }

func (h *Heap) get(address uint32) uint32 { return *(*uint32)(h.memory.at(address)) }
func (h *Heap) set(address, value uint32) { *(*uint32)(h.memory.at(address)) = value }
func (h *Heap) root(i, value uint32)      { h.set(i*4, value) }

// must is Alloc where there is memory.
func (h *Heap) must(t testing.TB, size uint32, leaf bool) uint32 {
	t.Helper()
	address := h.Alloc(size, leaf)
	if address == 0 {
		t.Fatalf("no memory for %d bytes", size)
	}
	return address
}

// pageOf returns the page that an address is on.
func (h *Heap) pageOf(address uint32) *page { return h.page((address - h.origin) / pageSize) }

func TestClasses(t *testing.T) {
	last := uint32(0)
	for size := range uint32(maxSmall + 1) {
		class := classOf(size)
		if got := sizeOf(class); got < size || got%grain != 0 || class > 0 && sizeOf(class-1) >= size {
			t.Fatalf("%d bytes are of class %d, of objects with %d bytes", size, class, got)
		}
		if class != last && class != last+1 {
			t.Fatalf("%d bytes are of class %d, one less of class %d", size, class, last)
		}
		last = class
	}
	if last != numClasses-1 {
		t.Fatalf("the last class is %d", last)
	}
}

// Each byte of a page belongs to the object that it is in, or to none behind the last one.
func TestAddressesBelongToTheirObject(t *testing.T) {
	for class := range uint32(numClasses) {
		h, size := newHeap(testLimit), sizeOf(class)
		first := h.must(t, size, true)
		p := h.pageOf(first)
		for offset := range uint32(pageSize) {
			p.marks = [8]uint32{}
			h.mark(first - h.origin + offset)
			want := [8]uint32{}
			if slot := offset / size; slot < pageSize/size {
				want[slot/32] = 1 << (slot % 32)
			}
			if p.marks != want {
				t.Fatalf("byte %d of a page of objects with %d bytes: marked %x, want %x", offset, size, p.marks, want)
			}
		}
	}
}

// A large object is kept by a pointer to each of its pages, and by none before or behind.
func TestPointersThatKeepALargeObject(t *testing.T) {
	const size = 2*pageSize + 100
	for _, c := range []struct {
		offset int
		kept   bool
	}{{-1, false}, {0, true}, {1, true}, {pageSize, true}, {size - 1, true}, {3 * pageSize, false}} {
		h := newHeap(testLimit)
		object := h.must(t, size, true)
		h.root(7, uint32(int(object)+c.offset))
		h.Collect()
		if kept := h.pageOf(object).use == large; kept != c.kept {
			t.Errorf("a pointer to byte %d keeps the object: %v", c.offset, kept)
		}
		if again := h.must(t, size, true) == object; again == c.kept {
			t.Errorf("a pointer to byte %d: the memory is given out again: %v", c.offset, again)
		}
	}
}

// The last word of the globals is a root, and the word behind them none.
func TestRoots(t *testing.T) {
	for _, address := range []uint32{0, testBase - 4} {
		h := newHeap(testLimit)
		object := h.must(t, 100, true)
		h.set(address, object)
		if h.Collect(); h.live != 128 {
			t.Errorf("a pointer at %d keeps %d bytes, want 128", address, h.live)
		}
	}
}

func TestLeavesAreNotSearched(t *testing.T) {
	for _, size := range []uint32{16, 2048, 9000} {
		for _, leaf := range []bool{false, true} {
			h := newHeap(testLimit)
			holder, held := h.must(t, size, leaf), h.must(t, 1000, true)
			h.root(0, holder)
			h.set(holder+size/4*4-4, held)
			h.Collect()
			if kept := h.pageOf(held).use == small; kept == leaf {
				t.Errorf("%d bytes, leaf %v: what they point to is kept: %v", size, leaf, kept)
			}
		}
	}
}

// The heap is a global itself, and its table is in the heap. Neither keeps an object. Its
// supplies, which have addresses, too, are cleared before a collection.
func TestTheHeapKeepsNothing(t *testing.T) {
	h := newHeap(testLimit)
	for i := range uint32(2000) {
		h.must(t, i*3, i%2 == 0)
	}
	for _, address := range []uint32{h.origin, h.table, h.stack} {
		h.mark(address - h.origin)
		if use := h.pageOf(address).use; use != own {
			t.Errorf("the heap has an address of a page that is used for %d", use)
		}
	}
	h.Collect()
	for i := range h.pages {
		if use := h.page(i).use; use != free && use != own {
			t.Errorf("page %d is used for %d, without a root", i, use)
		}
	}
}

// Objects that nothing keeps are given out again, so the memory does not grow.
func TestMemoryIsUsedAgain(t *testing.T) {
	h := newHeap(testLimit)
	size := uint32(0)
	for round := range 200 {
		for n := range uint32(9000) {
			h.must(t, n, n%3 == 0)
			if h.Due() {
				h.Collect()
			}
		}
		if round == 0 {
			size = h.memory.size()
		}
	}
	if h.memory.size() != size || size > 1<<20 {
		t.Errorf("the memory has %d bytes, and %d after the first round", h.memory.size(), size)
	}
}

// Without memory, Alloc returns 0, and still serves what fits.
func TestMemoryIsExhausted(t *testing.T) {
	for _, limit := range []uint32{2 * growth, 3 * growth, 1 << 20} {
		h := newHeap(limit)
		for range 2 {
			n := uint32(0)
			for h.Alloc(1000, false) != 0 {
				n++
			}
			if most := limit / 1024; n > most || n < most-32-most/10 {
				t.Errorf("%d bytes hold %d objects of 1000", limit, n)
			}
			if h.Alloc(1<<30, true)|h.Alloc(1<<31, true)|h.Alloc(1<<32-1, true) != 0 {
				t.Error("an object larger than the memory was given out")
			}
			h.Collect()
		}
	}
}

// A chain, a fan and a wide tree are found whole, however small the collector's stack is.
func TestTheStackOverflows(t *testing.T) {
	const n = 20000
	chain := func(h *Heap) {
		next := uint32(0)
		for range n {
			object := h.must(t, 16, false)
			h.set(object, next)
			h.set(object+12, h.must(t, 16, false))
			next = object
		}
		h.root(0, next)
	}
	fan := func(h *Heap) {
		object := h.must(t, n*4, false)
		h.root(0, object)
		for i := range uint32(n) {
			child := h.must(t, 16, false)
			h.set(object+i*4, child)
			h.set(child, h.must(t, 16, false))
		}
	}
	tree := func(h *Heap) {
		objects := []uint32{h.must(t, 128, false)}
		h.root(0, objects[0])
		for i := 0; len(objects) < 2*n; i++ {
			for j := range uint32(32) {
				child := h.must(t, 128, false)
				h.set(objects[i]+j*4, child)
				objects = append(objects, child)
			}
		}
	}
	for name, c := range map[string]struct {
		build func(*Heap)
		live  uint32
	}{"chain": {chain, 2 * n * 16}, "fan": {fan, n*4 + 2*n*16}, "tree": {tree, (2*n + 1) * 128}} {
		for _, room := range []uint32{0, 3, 100} {
			h := newHeap(testLimit)
			c.build(h)
			if room != 0 {
				h.room = room
			}
			h.Collect()
			if h.live < c.live || h.live > c.live+pageSize {
				t.Errorf("%s, room for %d: %d bytes are live, want %d", name, room, h.live, c.live)
			}
		}
	}
}

func TestObjectsAreAlignedAndEmpty(t *testing.T) {
	h := newHeap(testLimit)
	for range 3 {
		for i := range uint32(2000) {
			size := i * 3
			object := h.must(t, size, true)
			if object%16 != 0 {
				t.Fatalf("%d bytes are at %d", size, object)
			}
			for _, b := range unsafe.Slice((*byte)(h.memory.at(object)), size) {
				if b != 0 {
					t.Fatalf("%d bytes are not empty", size)
				}
			}
			for i := range size {
				*(*byte)(h.memory.at(object + i)) = 0xff
			}
		}
		h.Collect()
	}
}

// A heap that nothing was taken from can be collected: the first callback may do so.
func TestAnEmptyHeapIsCollected(t *testing.T) {
	h := newHeap(testLimit)
	h.Collect()
	if h.Due() || h.live != 0 {
		t.Errorf("due: %v, live: %d", h.Due(), h.live)
	}
}

// What is in use decides when to collect, and that collecting is worth its time.
func TestDue(t *testing.T) {
	for _, c := range []struct {
		live, allocated uint32
		want            bool
	}{{0, leastGarbage - 1, false}, {0, leastGarbage, true}, {10 << 20, 10<<20 - 1, false}, {10 << 20, 10 << 20, true}} {
		if h := (&Heap{live: c.live, allocated: c.allocated}); h.Due() != c.want {
			t.Errorf("%d bytes allocated, %d live: due %v", c.allocated, c.live, h.Due())
		}
	}
}

// The table and the collector's stack take at most 2 % of the memory.
func TestBookkeepingIsSmall(t *testing.T) {
	if perPage > pageSize/50 {
		t.Errorf("%d bytes for each page", perPage)
	}
}
