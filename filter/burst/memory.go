package burst

import "github.com/gatewarden/gatewarden/table"

// memorySize is how many credentials are remembered. They take 32 KiB in each worker in
// which clients have been busy.
const memorySize = 2048

// memory remembers credentials that the service has accepted, by their keyed hashes.
// Each has one place that it can be in, so that a new one drives an old one out. Losing
// one means that it may wait.
type memory []table.Key

func (m memory) has(credential table.Key) bool {
	return len(m) > 0 && credential != (table.Key{}) && m[credential.Spread()%memorySize] == credential
}

func (m *memory) add(credential table.Key) {
	if credential == (table.Key{}) {
		return
	}
	if len(*m) == 0 {
		*m = make(memory, memorySize)
	}
	(*m)[credential.Spread()%memorySize] = credential
}

func (m memory) drop(credential table.Key) {
	if m.has(credential) {
		m[credential.Spread()%memorySize] = table.Key{}
	}
}
