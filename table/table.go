package table

import "encoding/binary"

// Store is shared data as Envoy has it: one map for all workers, compare and
// swap, no delete.
type Store interface {
	// Get returns the value of key and the number to swap it with. The value
	// is the caller's to read until the next call.
	Get(key []byte) (value []byte, cas uint32, found bool)
	// Set stores the value when key has not changed since cas was read, or
	// does not exist, and tells whether it did.
	Set(key, value []byte, cas uint32) bool
}

// createOnly is a CAS number that no key has. Envoy creates a missing key
// whatever the number, and refuses to overwrite an existing one unless it is
// the key's own, or zero, which overwrites blindly and is never used here.
// See RATIONALE.md, "Why is a key created with an impossible CAS number?"
const createOnly = 0xFFFFFFFF

// maxTries bounds the retries of one update. Each lost race is another worker's
// success, so even 64 workers that all update one key are done long before.
const maxTries = 1000

const (
	seedKey   = "gatewarden/1/seed"
	keyPrefix = "gatewarden/1/"
	// setsName is the name of the table that New returns.
	setsName = "set"
)

// Clock tells the time in milliseconds.
type Clock interface{ Now() int64 }

// Table is one worker's view of the table. It is not safe for concurrent use;
// every worker has its own.
type Table struct {
	Names
	store Store
	mask  uint64

	key   []byte // scratch: the table's prefix and a set's index
	draft Draft  // scratch
	set   set    // scratch: a decoded set
}

// LoadSeed returns the installation's seed from the store. The first worker to
// come puts fresh there, which must be random; all others get what it put. It
// fails only on a store that neither keeps nor returns a value: a worker with a
// seed of its own would count alone.
func LoadSeed(store Store, fresh Seed) (seed Seed, ok bool) {
	for i := 0; i < maxTries; i++ {
		value, cas, found := store.Get([]byte(seedKey))
		if found && len(value) == len(fresh) {
			return Seed(value), true
		}
		if !found {
			cas = createOnly
		}
		if store.Set([]byte(seedKey), fresh[:], cas) {
			return fresh, true
		}
	}
	return Seed{}, false
}

// New returns a table for at least the given number of counters.
func New(store Store, seed Seed, counters int) *Table {
	return NewNamed(store, seed, setsName, counters)
}

// NewNamed returns a table of its own beside that of [New]: its counters push out
// none of that table's, and are not pushed out by them.
func NewNamed(store Store, seed Seed, name string, counters int) *Table {
	sets := 1
	for sets <= (counters-1)/Ways { // not sets*Ways < counters, which overflows
		sets *= 2
	}
	t := &Table{Names: Names{seed: seed}, store: store, mask: uint64(sets - 1)}
	t.key = append(t.key, keyPrefix+name+"/\x00\x00\x00\x00"...)
	return t
}

// Capacity is the number of records that the table holds.
func (t *Table) Capacity() int { return int(t.mask+1) * Ways }

// MaxBytes is the most that the table's keys and values ever take.
func (t *Table) MaxBytes() int {
	return int(t.mask+1)*(len(t.key)+headerSize+Ways*recordSize) + len(seedKey) + len(t.seed)
}

func (t *Table) locate(key Key) []byte {
	binary.BigEndian.PutUint32(t.key[len(t.key)-4:], uint32(key.place&t.mask))
	return t.key
}

// Get returns the record of key and the time on its clock. The clock is asked
// only when there is a record. It is one read, and a write only when the clock
// was found to have stepped back.
func (t *Table) Get(key Key, clock Clock) (r Record, now int64, found bool) {
	value, _, _ := t.store.Get(t.locate(key))
	at := indexOf(value, key.fingerprint)
	if at < 0 {
		return Record{}, 0, false
	}
	now = clock.Now()
	if touched := touchedOf(value); touched-now <= clockSkew {
		r.decode(recordOf(value, at))
		now = max(now, touched)
		return r, now, now < r.expiry()
	}
	t.set.decode(value)
	t.set.follow(now)
	r = t.set.entries[at].Record
	t.Update(key, now, func(r Record, _ uint8, _ int64) (Record, bool) { return r, false })
	return r, now, now < r.expiry()
}

// Result tells what became of an update.
type Result struct {
	Outcome Outcome
	// Retries is the number of races lost to other workers before.
	Retries int
	// Evicted tells whether another counter's live record had to go.
	Evicted bool
}

// Outcome of an update.
type Outcome uint8

// The outcomes of an update.
const (
	// Stored: the change is in the table.
	Stored Outcome = iota
	// Unchanged: there was nothing to change.
	Unchanged
	// Full: the set holds only locked records; the change is not in the table.
	Full
	// Contended: every try lost its race; the change is not in the table.
	Contended
)

// Change computes a record's new state at the time now. A record that does not
// exist is the zero Record, and floor is then the level that records evicted
// from its set had (0 for one that exists). It is called again for each race
// lost, so it must depend on its arguments alone. Returning false leaves the
// table as it is; returning the zero Record removes it.
type Change func(r Record, floor uint8, now int64) (Record, bool)

// Update applies change to the record of key, whatever other workers do at the
// same time.
func (t *Table) Update(key Key, now int64, change Change) Result {
	for try := 0; try < maxTries; try++ {
		t.Draft(&t.draft, key, now, change)
		if result, ok := t.Write(&t.draft); ok {
			result.Retries = try
			return result
		}
	}
	return Result{Outcome: Contended, Retries: maxTries}
}

// apply changes the decoded set.
func (s *set) apply(fingerprint uint64, now int64, change Change) (outcome Outcome, evicted bool) {
	now = s.follow(now)
	s.expire(now)
	i := s.find(fingerprint)
	var old Record
	floor := s.floor
	if i >= 0 {
		old, floor = s.entries[i].Record, 0
	}
	changed, ok := change(old, floor, now)
	switch {
	case !ok:
		return Unchanged, false
	case changed == (Record{}) && i < 0:
		return Unchanged, false
	case changed == (Record{}):
		s.remove(i)
	case i < 0:
		if i, evicted = s.place(now); i < 0 {
			return Full, false
		}
		s.entries[i] = entry{fingerprint, changed}
	default:
		s.entries[i].Record = changed
	}
	s.touched = now
	return Stored, evicted
}
