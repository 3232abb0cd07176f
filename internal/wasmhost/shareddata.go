package wasmhost

import (
	"slices"
	"sync"
)

// SharedData is the store that all VMs with one vm_id share. It keeps the rules
// of Envoy's, which are not those one would guess:
//
//   - a set with cas 0 always succeeds;
//   - a set with any other cas succeeds on a missing key and creates it;
//   - every successful set gets a new cas from one counter for all keys;
//   - nothing is ever deleted, and an empty value is a value.
//
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/shared_data.cc
//
// It is safe for concurrent use.
type SharedData struct {
	// BeforeSet, if not nil, is called at the beginning of every Set, outside
	// the lock: a test that writes the same key there makes the caller lose a
	// race. It may call Get and Set (and must then tell its own calls from the
	// guest's) and has to be in place before the store is used.
	BeforeSet func(key string)

	mu     sync.Mutex
	values map[string]sharedValue
	next   uint32
}

type sharedValue struct {
	bytes []byte
	cas   uint32
}

// NewSharedData returns an empty store, whose first cas is 1.
func NewSharedData() *SharedData {
	return &SharedData{values: map[string]sharedValue{}, next: 1}
}

// Get returns a copy of the key's value and its cas, or NotFound.
func (d *SharedData) Get(key string) (value []byte, cas uint32, status Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[key]
	if !ok {
		return nil, 0, NotFound
	}
	return slices.Clone(v.bytes), v.cas, OK
}

// Set stores a copy of value. CasMismatch means that the key exists with
// another cas than the one asked for, and that nothing was written.
func (d *SharedData) Set(key string, value []byte, cas uint32) Status {
	if d.BeforeSet != nil {
		d.BeforeSet(key)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.values[key]; ok && cas != 0 && cas != old.cas {
		return CasMismatch
	}
	d.values[key] = sharedValue{bytes: slices.Clone(value), cas: d.nextCas()}
	return OK
}

// nextCas skips 0, which means "whatever is there" in a Set.
func (d *SharedData) nextCas() uint32 {
	cas := d.next
	d.next++
	if d.next == 0 {
		d.next = 1
	}
	return cas
}

// Len returns the number of keys.
func (d *SharedData) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.values)
}

// Bytes returns the length of all keys and values together.
func (d *SharedData) Bytes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for key, v := range d.values {
		n += len(key) + len(v.bytes)
	}
	return n
}

// Keys returns all keys in order.
func (d *SharedData) Keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	keys := make([]string, 0, len(d.values))
	for key := range d.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
