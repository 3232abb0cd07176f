package table

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
)

// sharedData is Envoy's shared data: one map for all workers behind one mutex,
// and one CAS counter for all keys, which starts at 1 and skips 0.
// See shared_data.cc of proxy-wasm-cpp-host.
type sharedData struct {
	mu    sync.Mutex
	cells map[string]*cell
	cas   uint32
	blind int // writes with the CAS number 0, which the table must never make
}

type cell struct {
	value []byte
	cas   uint32
}

func newSharedData() *sharedData { return &sharedData{cells: map[string]*cell{}} }

func (d *sharedData) worker() *worker { return &worker{data: d} }

func (d *sharedData) bytes() int {
	total := 0
	for key, c := range d.cells {
		total += len(key) + len(c.value)
	}
	return total
}

// worker is one VM's view of shared data. What Get lent is gone with the next
// call, as the Store contract allows.
type worker struct {
	data       *sharedData
	lent       []byte
	gets, sets int
	beforeSet  func() // other workers get in between here
	refuse     bool   // every Set loses
}

var _ Store = (*worker)(nil)

func (w *worker) Get(key []byte) ([]byte, uint32, bool) {
	w.gets++
	clear(w.lent)
	w.data.mu.Lock()
	defer w.data.mu.Unlock()
	c, found := w.data.cells[string(key)]
	if !found {
		return nil, 0, false
	}
	w.lent = append(w.lent[:0], c.value...)
	return w.lent, c.cas, true
}

func (w *worker) Set(key, value []byte, cas uint32) bool {
	w.sets++
	clear(w.lent)
	if w.beforeSet != nil {
		w.beforeSet()
	}
	if w.refuse {
		return false
	}
	d := w.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if cas == 0 {
		d.blind++
	}
	c, found := d.cells[string(key)]
	if found && cas != 0 && cas != c.cas {
		return false
	}
	if !found {
		c = new(cell)
		d.cells[string(key)] = c
	}
	if d.cas++; d.cas == 0 {
		d.cas = 1
	}
	c.cas = d.cas
	c.value = append(c.value[:0], value...)
	return true
}

// handClock is set by hand and knows how often it was asked.
type handClock struct {
	now   int64
	asked int
}

func (c *handClock) Now() int64 {
	c.asked++
	return c.now
}

// seedOf loads the seed from a store that works.
func seedOf(store Store, fresh Seed) Seed {
	seed, ok := LoadSeed(store, fresh)
	if !ok {
		panic("the store keeps no seed")
	}
	return seed
}

var testSeed = Seed{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// The fake is believed by all other tests, so it is held to what Envoy does.
func TestSharedDataFakeBehavesAsEnvoy(t *testing.T) {
	store := newSharedData().worker()
	for i, step := range []struct {
		key, value string
		cas        uint32
		ok         bool
		want       string // what the key holds then
		wantCAS    uint32
	}{
		{"a", "1", 7, true, "1", 1},           // any number creates
		{"a", "2", 7, false, "1", 1},          // which is not the key's number
		{"a", "2", createOnly, false, "1", 1}, // nor is the impossible one
		{"a", "2", 1, true, "2", 2},           // its own number swaps
		{"a", "3", 1, false, "2", 2},          // once
		{"b", "4", createOnly, true, "4", 3},  // one counter for all keys
		{"b", "5", 0, true, "5", 4},           // 0 overwrites blindly
		{"b", "", 4, true, "", 5},             // an empty value keeps the key
		{"b", "6", createOnly, false, "", 5},  // so it is not created again
		{"c", "7", 0, true, "7", 6},           // 0 creates, too
		{"c", "8", createOnly, false, "7", 6}, //
		{"c", "8", 6, true, "8", 7},           //
		{"d", "", createOnly, true, "", 8},    // the empty value creates, too
	} {
		ok := store.Set([]byte(step.key), []byte(step.value), step.cas)
		value, cas, found := store.Get([]byte(step.key))
		if ok != step.ok || !found || string(value) != step.want || cas != step.wantCAS {
			t.Errorf("step %d: set %v, then %q with %d, found %v; want %v, %q with %d",
				i+1, ok, value, cas, found, step.ok, step.want, step.wantCAS)
		}
	}
	if _, _, found := store.Get([]byte("e")); found {
		t.Error("a key is there that nobody set")
	}
	lent, _, _ := store.Get([]byte("c"))
	store.Get([]byte("a"))
	if bytes.Equal(lent, []byte("8")) {
		t.Error("a lent value outlives the next call")
	}
}
