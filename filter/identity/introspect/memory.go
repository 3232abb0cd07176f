package introspect

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// memory remembers a bounded number of answers. All of them are remembered for about
// the same time, so a new one evicts the oldest. The key of a token is a keyed hash of
// 128 bits: without the seed, two tokens with one key cannot be found, and the key
// reveals nothing about the token.
type memory struct {
	most   int
	places map[table.Key]int // in list
	list   []memo
	oldest int // place of the next one to evict, once the list is full
}

// memo is the owner of a token, and how long the answer may be used: from since to
// before until, in milliseconds since 1970.
type memo struct {
	key          table.Key
	since, until int64
	identity     caller.Identity
}

func newMemory(most int) memory { return memory{most: most, places: map[table.Key]int{}} }

// get returns what is remembered of a token. The wall clock may have been stepped back:
// get ignores answers from the future.
func (m *memory) get(key table.Key, now int64) *caller.Identity {
	i, found := m.places[key]
	if !found {
		return nil
	}
	said := &m.list[i]
	if now < said.since || now >= said.until {
		return nil
	}
	return &said.identity
}

// put remembers who the owner of a token is.
func (m *memory) put(key table.Key, since, until int64, id *caller.Identity) {
	place := m.placeOf(key) // before m.list is read: the order of operands is not specified
	said := &m.list[place]
	said.key, said.since, said.until = key, since, until
	said.identity.Set(id)
}

// placeOf returns the place of a token, which it makes if there is none.
func (m *memory) placeOf(key table.Key) int {
	place, found := m.places[key]
	if found {
		return place
	}
	if place = len(m.list); place < m.most {
		m.list = append(m.list, memo{})
	} else {
		place = m.oldest
		delete(m.places, m.list[place].key)
		m.oldest = (place + 1) % m.most
	}
	m.places[key] = place
	return place
}
