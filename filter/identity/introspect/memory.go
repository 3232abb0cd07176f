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
func (m *memory) get(key table.Key, now int64) (id caller.Identity, found bool) {
	i, found := m.places[key]
	if !found || now < m.list[i].since || now >= m.list[i].until {
		return caller.Identity{}, false
	}
	return m.list[i].identity, true
}

func (m *memory) put(said memo) {
	if i, found := m.places[said.key]; found {
		m.list[i] = said
		return
	}
	if len(m.list) < m.most {
		m.places[said.key] = len(m.list)
		m.list = append(m.list, said)
		return
	}
	delete(m.places, m.list[m.oldest].key)
	m.places[said.key] = m.oldest
	m.list[m.oldest] = said
	m.oldest = (m.oldest + 1) % m.most
}
