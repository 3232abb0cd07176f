package attempt

import (
	"net/netip"

	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/table"
)

// Where proxies count together, each counts its own failures as without the others. The hall
// reports them, and tells the room which limits were reached at all proxies together.

// Shared is a counter that the proxies of a fleet share.
type Shared struct {
	// Place is that of the failure key in the configuration.
	Place int
	// Key is its name in the fleet, Local its counter here.
	Key, Local table.Key
	// Client is whose failures it counts; the zero Prefix if those of all clients.
	Client netip.Prefix
	// Subject is the keyed hash of what is locked, 0 if the failure key does not lock.
	Subject uint64
	// Slowed tells whether this proxy slows attempts down by itself, and Counted whether a
	// failure was counted that is to be reported.
	Slowed, Counted bool
}

// Targets is the number of counters that the request attempts.
func (s *State) Targets() int { return len(s.targets) }

// Shared returns one of them. It is not ok if it is none of a failure key.
func (s *State) Shared(i int) (c Shared, ok bool) {
	t := &s.targets[i]
	if t.place < 0 {
		return Shared{}, false
	}
	c = Shared{Place: t.place, Key: t.shared, Local: t.key, Subject: t.subject, Slowed: t.slowed, Counted: t.counted}
	if t.rule.Client {
		c.Client = s.client.Prefix
	}
	return c, true
}

// CountAlone tells the room whether this proxy counts alone, because the fleet does not. Then
// the limits are those of the configuration for this case.
func (r *Room) CountAlone(alone bool) { r.alone = alone }

// limit is the limit of a target that holds at the moment.
func (r *Rule) limit(t *target) uint32 {
	if r.room.alone && t.place >= 0 {
		return r.alone[t.place]
	}
	return t.rule.Failures
}

// Learn locks an account or a credential, or slows attempts on it down, because it failed too
// often at all proxies together: until the fleet's window ends.
func (r *Rule) Learn(c *Shared, until, now int64) {
	key := &r.surface.Lockout.Keys[c.Place]
	locks := false
	result := r.room.table.Update(c.Local, now, func(old table.Record, _ uint8, at int64) (table.Record, bool) {
		if at >= old.WindowEnd {
			old = table.Record{}
		}
		locks = key.Lock && at >= old.LockedUntil
		old.Count, old.Level = max(old.Count, key.Failures), counter.FullLevel
		old.WindowEnd = max(old.WindowEnd, until)
		if key.Lock {
			old.LockedUntil = old.WindowEnd
		}
		until = old.WindowEnd
		return old, true
	})
	if locks && result.Outcome == table.Stored {
		r.list(c, until, now)
	}
}

// Unlock ends what [Rule.Learn] began, or this proxy itself: an operator has ended it at
// another proxy.
func (r *Rule) Unlock(c *Shared, now int64) {
	r.room.table.Update(c.Local, now, func(old table.Record, _ uint8, _ int64) (table.Record, bool) {
		return table.Record{}, old != table.Record{}
	})
}
