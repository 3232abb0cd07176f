package fleet

import "github.com/gatewarden/gatewarden/table"

// memory has the counters that this worker looked at lately, and when each is due again. It
// has a fixed size: a counter that loses its place to another one is looked at once more.
type memory []place

type place struct {
	fingerprint uint64
	due         int64
}

// places is the size of a worker's memory: 64 kB.
const places = 4096

// isDue tells whether a counter has to be looked at, at the time now, and notes that this is
// done: it is due again after the given time.
func (m memory) isDue(key table.Key, now, after int64) bool {
	if !m.isOutdated(key, now) {
		return false
	}
	m.seen(key, now+after)
	return true
}

// isOutdated tells whether a counter has to be looked at, at the time now. A time that is
// further ahead than any is from before the clock was set back.
func (m memory) isOutdated(key table.Key, now int64) bool {
	p := m.at(key)
	return p.fingerprint != key.Fingerprint() || now >= p.due || p.due-now > longestUnit
}

// seen notes when a counter is due again.
func (m memory) seen(key table.Key, due int64) { *m.at(key) = place{key.Fingerprint(), due} }

// forget makes a counter due at once.
func (m memory) forget(key table.Key) {
	if p := m.at(key); p.fingerprint == key.Fingerprint() {
		*p = place{}
	}
}

func (m memory) at(key table.Key) *place { return &m[key.Fingerprint()%places] }
