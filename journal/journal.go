package journal

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/table"
)

const (
	keyPrefix  = "gatewarden/1/journal/"
	workersKey = "gatewarden/1/journal"
	maxName    = 16
	// slots is how many slots there are for all workers together.
	slots = 512
	// Capacity is how many entries the journal has at most.
	Capacity = slots * ways
	// MaxBytes is the most that its keys and values ever take, without the name of a
	// journal in its keys. It takes nothing before the first entry, and never more than
	// the entries that were open at once.
	MaxBytes = slots*(len(keyPrefix)+2+headerSize+ways*entrySize) + len(workersKey) + 4
)

const (
	// Patience is for how many ticks a worker watches a slot that nobody confirms,
	// before it takes the slot over.
	Patience = 20
	// confirmEvery is after how many ticks a worker confirms its slots.
	confirmEvery = 5
	// scanned is how many slots a worker looks at in a tick: it has seen all of them
	// after 8 ticks.
	scanned = 64
)

// Journal is one worker's view of the journal. It is not safe for concurrent use.
type Journal struct {
	store table.Store
	// owner is this worker's number, 0 until it has claimed a slot.
	owner  uint32
	number uint32 // of the last reservation
	own    []claim
	ticks  uint32
	// seen is what this worker saw of the slots, next the one to look at.
	seen []sighting
	next int
	// full is the tick in which no slot was free, plus one.
	full uint32

	workers []byte  // the key of the number of workers
	key     []byte  // scratch: the key of a slot
	out     []byte  // scratch
	found   []Entry // scratch
}

// claim is a slot of this worker, with its number of entries.
type claim struct{ slot, entries int }

// sighting is how a slot looked when it was last written to, and since when.
type sighting struct {
	header
	since uint32
}

// Ticket finds the entries of a reservation again. The zero Ticket finds none.
type Ticket struct{ slot, number uint32 }

// New returns the journal of a name in a store: "", or up to 16 bytes. Journals of different
// names know nothing of each other.
func New(store table.Store, name string) *Journal {
	name = name[:min(len(name), maxName)]
	return &Journal{
		store: store, workers: append([]byte(workersKey), name...),
		key: append([]byte(keyPrefix+name), 0, 0),
	}
}

func (j *Journal) locate(slot int) []byte {
	binary.BigEndian.PutUint16(j.key[len(j.key)-2:], uint16(slot))
	return j.key
}

// Worker returns this worker's number, which no other one has or had in this store. It is
// not ok if the store does not keep it.
func (j *Journal) Worker() (number uint32, ok bool) {
	ok = j.owner != 0 || j.enlist()
	return j.owner, ok
}

// Write writes down the entries of a reservation. It is not ok if there is no place for
// them.
func (j *Journal) Write(entries []Entry) (t Ticket, ok bool) {
	if len(entries) == 0 || len(entries) > ways {
		return Ticket{}, false
	}
	j.number++
	for i := 0; i < len(j.own); {
		c := &j.own[i]
		switch {
		case c.entries+len(entries) > ways:
			i++
		case j.add(c.slot, j.owner, entries):
			c.entries += len(entries)
			return Ticket{uint32(c.slot), j.number}, true
		default:
			j.drop(i) // another worker took it over
		}
	}
	slot, ok := j.claim(entries)
	return Ticket{uint32(slot), j.number}, ok
}

// claim claims a free slot for entries. If there is none, it looks again in the next tick.
func (j *Journal) claim(entries []Entry) (slot int, ok bool) {
	if _, enlisted := j.Worker(); !enlisted || j.full == j.ticks+1 {
		return 0, false
	}
	for slot = 0; slot < slots; slot++ {
		value, _, _ := j.store.Get(j.locate(slot))
		if h, _ := read(value); h.owner == 0 && j.add(slot, 0, entries) {
			j.own = append(j.own, claim{slot, len(entries)})
			return slot, true
		}
	}
	j.full = j.ticks + 1
	return 0, false
}

// enlist gives the worker a number that no other one has or had.
func (j *Journal) enlist() bool {
	stored := table.Swap(j.store, j.workers, func(value []byte) ([]byte, bool) {
		last := uint32(0)
		if len(value) == 4 {
			last = binary.LittleEndian.Uint32(value)
		}
		j.owner = max(last+1, 1)
		j.out = binary.LittleEndian.AppendUint32(j.out[:0], j.owner)
		return j.out, true
	})
	if !stored {
		j.owner = 0
	}
	return stored
}

// add writes entries into a slot, if it has the given owner and room for them.
func (j *Journal) add(slot int, owner uint32, entries []Entry) (added bool) {
	stored := table.Swap(j.store, j.locate(slot), func(value []byte) ([]byte, bool) {
		h, old := read(value)
		if h.owner == 0 {
			old = nil // nobody's entries
		}
		if added = h.owner == owner && len(old)/entrySize+len(entries) <= ways; !added {
			return nil, false
		}
		h.owner = j.owner
		j.out = append(begin(j.out[:0], h), old...)
		for i := range entries {
			j.out = entries[i].append(j.out, j.number)
		}
		return finish(j.out), true
	})
	return stored && added
}

// Settle notes that only so much of each entry of a reservation is still to be settled, and
// removes them if that is nothing. It tells whether the entries were there: otherwise
// another worker has given back what they took, and nothing may follow from them any more.
func (j *Journal) Settle(t Ticket, rest uint32) (mine bool) {
	return j.change(t, func(entry []byte) (kept bool) {
		binary.LittleEndian.PutUint32(entry[costAt:], rest)
		return rest > 0
	})
}

// Amend writes down another kind and cost for each entry of a reservation. It tells whether
// the entries were there, as [Journal.Settle] does.
func (j *Journal) Amend(t Ticket, kind uint8, cost uint32) (mine bool) {
	return j.change(t, func(entry []byte) (kept bool) {
		entry[kindAt] = kind
		binary.LittleEndian.PutUint32(entry[costAt:], cost)
		return true
	})
}

// change changes the entries of a reservation, and keeps those that are to be kept. It tells
// whether they were there.
func (j *Journal) change(t Ticket, change func(entry []byte) (kept bool)) (mine bool) {
	i := j.claimOf(int(t.slot))
	if i < 0 {
		return false
	}
	kept := 0
	stored := table.Swap(j.store, j.locate(int(t.slot)), func(value []byte) ([]byte, bool) {
		h, old := read(value)
		if mine = h.owner == j.owner && h.owner != 0; !mine {
			return nil, false
		}
		j.out = begin(j.out[:0], h)
		mine = j.rewrite(old, t.number, change)
		kept = (len(j.out) - headerSize) / entrySize
		return finish(j.out), mine
	})
	if stored && mine {
		j.own[i].entries = kept
	}
	return stored && mine
}

// rewrite appends the entries to a slot, those of the reservation as they are changed, and
// tells whether those are among them.
func (j *Journal) rewrite(entries []byte, number uint32, change func(entry []byte) (kept bool)) (found bool) {
	for ; len(entries) >= entrySize; entries = entries[entrySize:] {
		at := len(j.out)
		j.out = append(j.out, entries[:entrySize]...)
		if numberOf(entries) != number {
			continue
		}
		if found = true; !change(j.out[at:]) {
			j.out = j.out[:at]
		}
	}
	return found
}

func (j *Journal) claimOf(slot int) int {
	for i := range j.own {
		if j.own[i].slot == slot {
			return i
		}
	}
	return -1
}

// drop forgets a slot of this worker.
func (j *Journal) drop(i int) {
	last := len(j.own) - 1
	j.own[i] = j.own[last]
	j.own = j.own[:last]
}
