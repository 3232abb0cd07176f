package burst

import "github.com/gatewarden/gatewarden/table"

// sets times ways is how many credentials are remembered. They take 32 KiB in each
// worker in which a client has been busy.
const (
	sets = 256
	ways = 8
)

// memory remembers credentials that the service has accepted, by their keyed hashes. Each
// belongs to a set, in which the latest come first and drive the oldest out. Losing one
// means that it may wait.
type memory []table.Key

// set returns the set of a credential. There is none before something is remembered.
func (m memory) set(credential table.Key) []table.Key {
	if len(m) < sets*ways {
		return nil
	}
	first := credential.Spread() % sets * ways
	return m[first : first+ways]
}

func (m memory) find(credential table.Key) *table.Key {
	if credential == (table.Key{}) {
		return nil
	}
	set := m.set(credential)
	for i := range set {
		if set[i] == credential {
			return &set[i]
		}
	}
	return nil
}

func (m memory) has(credential table.Key) bool { return m.find(credential) != nil }

func (m *memory) add(credential table.Key) {
	if credential == (table.Key{}) || m.has(credential) {
		return
	}
	if len(*m) == 0 {
		*m = make(memory, sets*ways)
	}
	set := m.set(credential)
	copy(set[1:], set)
	set[0] = credential
}

func (m memory) drop(credential table.Key) {
	if known := m.find(credential); known != nil {
		*known = table.Key{}
	}
}
