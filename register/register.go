package register

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/table"
)

const (
	keyPrefix = "gatewarden/1/lockouts/"
	// sets of ways lockouts each: with 1,000 lockouts, not one set in a billion is too
	// small, with 3,000 one in 30.
	sets = 128
	ways = 32
)

const (
	// Capacity is the most lockouts that the register lists at once. It is not
	// configurable, because an endpoint could not know the setting.
	Capacity = sets * ways
	// MaxBytes is the most that its keys and values, and those of the catalogue and the
	// fleets, ever take. Without lockouts the register takes nothing, and mostly a third of
	// that.
	MaxBytes = sets*(len(keyPrefix)+4+maxSetSize) + len(catalogueKey) + maxCatalogueSize +
		len(fleetsKey) + maxFleetsSize + len(unlocksKey) + maxUnlocksSize
)

// Register is one worker's view of the register. It is not safe for concurrent use.
type Register struct {
	store table.Store
	key   [len(keyPrefix) + 4]byte // scratch
}

// New returns the register in a store.
func New(store table.Store) *Register {
	r := &Register{store: store}
	copy(r.key[:], keyPrefix)
	return r
}

func (r *Register) locate(set uint32) []byte {
	binary.BigEndian.PutUint32(r.key[len(keyPrefix):], set%sets)
	return r.key[:]
}

// Put writes a lockout down at the time now, in the place of one with the same key. It
// tells whether all that last are still named: where a set is full of them, one has to
// go, and [Register.List] says that something is missing.
func (r *Register) Put(l Lockout, now int64) (complete bool) {
	stored := table.Swap(r.store, r.locate(l.Key.Spread()), func(value []byte) ([]byte, bool) {
		s := decode(value)
		complete = s.put(l, now)
		return s.encode(), true
	})
	return stored && complete
}

// Remove forgets a lockout, if it is still there as it was written down: another may
// have begun meanwhile.
func (r *Register) Remove(l Lockout) {
	table.Swap(r.store, r.locate(l.Key.Spread()), func(value []byte) ([]byte, bool) {
		s := decode(value)
		i := s.find(l.Key)
		if i < 0 || s.lockouts[i] != l {
			return nil, false
		}
		s.remove(i)
		return s.encode(), true
	})
}

// Find returns the entry of a lockout.
func (r *Register) Find(key table.Key) (l Lockout, found bool) {
	value, _, _ := r.store.Get(r.locate(key.Spread()))
	s := decode(value)
	if i := s.find(key); i >= 0 {
		return s.lockouts[i], true
	}
	return Lockout{}, false
}

// List calls visit for each entry, those of lockouts that are over among them. It tells
// whether no lockout is missing that may last at the time now.
func (r *Register) List(now int64, visit func(l Lockout)) (complete bool) {
	complete = true
	for i := uint32(0); i < sets; i++ {
		value, _, _ := r.store.Get(r.locate(i))
		s := decode(value)
		complete = complete && now >= s.lostUntil
		for _, l := range s.lockouts {
			visit(l)
		}
	}
	return complete
}

// put writes a lockout into the set and tells whether none that lasts had to go.
func (s *set) put(l Lockout, now int64) (complete bool) {
	i := s.find(l.Key)
	if i < 0 && len(s.lockouts) < ways {
		s.lockouts = append(s.lockouts, l)
		return true
	}
	complete = true
	if i < 0 {
		i = s.least(now)
		complete = now >= s.lockouts[i].Until
	}
	if !complete {
		s.lostUntil = max(s.lostUntil, s.lockouts[i].Until)
	}
	s.lockouts[i] = l
	return complete
}

func (s *set) remove(i int) {
	last := len(s.lockouts) - 1
	s.lockouts[i] = s.lockouts[last]
	s.lockouts = s.lockouts[:last]
}

// least returns the entry that matters least: one that has ended, or the oldest that was
// not made by hand.
func (s *set) least(now int64) (least int) {
	for i := range s.lockouts {
		if s.lockouts[i].lesser(&s.lockouts[least], now) {
			least = i
		}
	}
	return least
}

func (l *Lockout) lesser(other *Lockout, now int64) bool {
	if over := now >= l.Until; over != (now >= other.Until) {
		return over
	}
	if byHand := l.By != ""; byHand != (other.By != "") {
		return !byHand
	}
	return l.Since < other.Since
}
