package fleet

import (
	"math"

	"github.com/gatewarden/gatewarden/filter/fleet/message"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// The service forgets nothing before a window ends, and takes nothing back. So an operator
// who ends a lockout begins a new generation of the client's counters: their names at the
// service have its number. The number is a counter there, too, of the unlocks of a day.
//
//	operator's proxy     counts an unlock
//	other proxies        look at that counter before they lock the client out, and every
//	                     refresh while they refuse it; one that finds a new generation unlocks
//	                     the client
//
// The proxy's table has the generation that each client is in, if it was ever unlocked.
// See RATIONALE.md, "How does an unlock reach all proxies?"

// generations is how many clients the table has generations of.
const generations = 1024

// generation returns the generation of a counter that this proxy knows.
func (r *Room) generation(shared table.Key) uint32 {
	record, _, _ := r.table.Get(shared, r.ports)
	return record.Count
}

// enter enters the generation of a counter into the table. It tells whether that is a later
// one than the table had: of all workers only one is told so.
func (r *Room) enter(shared table.Key, generation uint32, now int64) (later bool) {
	r.table.Update(shared, now, func(record table.Record, _ uint8, at int64) (table.Record, bool) {
		later = generation > record.Count
		if generation == record.Count {
			return record, false
		}
		if generation == 0 {
			return table.Record{}, true // another day
		}
		return table.Record{Count: generation, Level: 1, WindowEnd: at + longestUnit}, true
	})
	return later
}

// unlocks reads a counter of unlocks.
func (r *Room) unlocks(status *message.Status) uint32 {
	if !r.compare(&r.unlock, status) || status.Code != message.OK {
		return 0
	}
	return math.MaxUint32 - status.Left
}

// over begins to lock a client out: first it is looked up whether an operator has unlocked
// it.
func (r *Room) over(i *item, until int64, at moment) {
	next := *i
	next.kind, next.hits, next.until = confirm, 0, until
	r.put(&next, at)
}

// confirmed takes the generation that a client is in. It tells whether it locks the client
// out.
func (r *Room) confirmed(i *item, generation uint32, at moment) (locks bool) {
	if i.kind == unlock {
		return false // whoever looks for it will find it
	}
	if known := r.generation(i.Shared); known != generation {
		if r.enter(i.Shared, generation, at.now) {
			r.learn(&i.Counter, 0, at.now)
		}
	}
	switch {
	case i.until == 0 || r.isUnlocking(i.Shared):
		return false
	case i.generation != generation:
		r.look(&i.Counter, at)
		return false
	}
	r.memory.seen(i.Shared, at.now+r.config.Refresh)
	if i.Rule.learned != nil {
		i.Rule.learned.Add(1)
	}
	r.learn(&i.Counter, i.until, at.now)
	return true
}

// isUnlocking tells whether an operator has unlocked a client here and the service has not
// counted that yet: up to a tick passes until it is told.
func (r *Room) isUnlocking(shared table.Key) bool {
	return r.outbox.at[joined{shared: shared, kind: uint64(unlock)}] != nil || register.AwaitsUnlock(r.ports, r.shared.Fleet, shared)
}
