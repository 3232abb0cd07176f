package heap

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// object is what the model knows of an object: what was written into each of its words.
// A word is a pointer to another object, or a number that is no address of the heap.
type object struct {
	address, size uint32
	leaf          bool
	words         map[uint32]uint32
	links         map[uint32]*object
}

// model makes objects, links and unlinks them, and collects, as choose says, and compares
// the heap with what must be there.
type model struct {
	*testing.T
	*Heap
	choose  func(n uint32) uint32 // below n
	roots   map[uint32]*object
	objects []*object // that may be reachable
}

const modelRoots = 40

func (m *model) step() {
	switch m.choose(16) {
	case 0:
		m.collect()
	case 1, 2:
		m.drop()
	case 3, 4:
		m.link(m.any(), m.any())
	default:
		m.make()
	}
}

func (m *model) any() *object {
	if len(m.objects) == 0 {
		return nil
	}
	return m.objects[m.choose(uint32(len(m.objects)))]
}

// make makes an object and keeps it by a root or by another object.
func (m *model) make() {
	size := []uint32{16, 24, 100, 300, 1000, 2500, 5000, 20000}[m.choose(8)]
	size = 4 + m.choose(size)
	o := &object{size: size, leaf: m.choose(3) == 0, words: map[uint32]uint32{}, links: map[uint32]*object{}}
	if o.address = m.Alloc(size, o.leaf); o.address == 0 {
		return // the memory is exhausted
	}
	for i := uint32(0); i+4 <= size; i += 4 {
		if got := m.get(o.address + i); got != 0 {
			m.Fatalf("a new object of %d bytes has %x at %d", size, got, i)
		}
	}
	for range 3 {
		at := m.choose(size/4) * 4
		o.words[at] = 0x80000000 | m.choose(1<<16)
		m.set(o.address+at, o.words[at])
	}
	if holder := m.any(); m.choose(3) > 0 && holder != nil && !holder.leaf {
		m.link(holder, o)
	} else {
		i := m.choose(modelRoots)
		m.roots[i] = o
		m.root(i, o.address+m.choose(size))
	}
	m.objects = append(m.objects, o)
}

// link makes an object point into another one.
func (m *model) link(holder, held *object) {
	if holder == nil || held == nil || holder.leaf {
		return
	}
	at := m.choose(holder.size/4) * 4
	delete(holder.words, at)
	holder.links[at] = held
	m.set(holder.address+at, held.address+m.choose(held.size))
}

// drop clears a root.
func (m *model) drop() {
	i := m.choose(modelRoots)
	delete(m.roots, i)
	m.root(i, m.choose(testBase))
}

// collect collects, and checks that what the roots reach is as it was, and nothing else
// counts as live.
func (m *model) collect() {
	reached, live := map[*object]bool{}, uint32(0)
	todo := slices.Collect(maps.Values(m.roots))
	for len(todo) > 0 {
		o := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if reached[o] {
			continue
		}
		reached[o] = true
		if live += (o.size + grain - 1) &^ (grain - 1); o.size <= maxSmall {
			live += sizeOf(classOf(o.size)) - (o.size+grain-1)&^(grain-1)
		}
		todo = slices.AppendSeq(todo, maps.Values(o.links))
	}
	m.Collect()
	if m.live != live {
		m.Fatalf("%d bytes are live, want %d", m.live, live)
	}
	m.objects = slices.DeleteFunc(m.objects, func(o *object) bool { return !reached[o] })
	m.check()
}

// check compares the content of all objects, and sees that none overlap.
func (m *model) check() {
	slices.SortFunc(m.objects, func(a, b *object) int { return int(a.address) - int(b.address) })
	end := m.origin + pageSize
	for _, o := range m.objects {
		if o.address < end {
			m.Fatalf("an object at %d is within the one that ends at %d", o.address, end)
		}
		if end = o.address + o.size; end > m.memory.size() {
			m.Fatalf("an object ends at %d, the memory at %d", end, m.memory.size())
		}
		for at, want := range o.words {
			if got := m.get(o.address + at); got != want {
				m.Fatalf("word %d of an object of %d bytes is %x, was %x", at, o.size, got, want)
			}
		}
		for at, held := range o.links {
			if got := m.get(o.address + at); got-held.address >= held.size {
				m.Fatalf("word %d of an object of %d bytes is %d, no pointer to the object at %d", at, o.size, got, held.address)
			}
		}
	}
}

func newModel(t *testing.T, limit uint32, choose func(uint32) uint32) *model {
	return &model{T: t, Heap: newHeap(limit), choose: choose, roots: map[uint32]*object{}}
}

func TestModel(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := newModel(t, []uint32{256 << 10, testLimit}[seed%2], rng.Uint32N)
		for range 3000 {
			m.step()
		}
		m.collect()
	}
}

func FuzzHeap(f *testing.F) {
	f.Add([]byte("\x05\x06\x07\x00\x08\x09\x01\x02\x03"), uint8(0))
	f.Add([]byte{255, 7, 250, 9, 5, 7, 16, 200, 1, 2, 3, 4, 0, 0, 0, 0}, uint8(3))
	f.Add([]byte{0}, uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, room uint8) {
		i := 0
		next := func(n uint32) uint32 {
			value := uint32(0)
			for shift := uint32(0); shift < 32 && n>>shift > 0; shift += 8 {
				if i < len(data) {
					value |= uint32(data[i]) << shift
				}
				i++
			}
			return value % n
		}
		m := newModel(t, 1<<20, next)
		m.make()
		m.room = min(m.room, uint32(room)+1)
		for i < len(data) {
			m.step()
		}
		m.collect()
	})
}
