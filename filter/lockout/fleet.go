package lockout

import (
	"net/netip"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Where proxies count together, each counts its own failures as without the others, so that
// it decides without asking. The hall reports the failures, and tells the room which lockouts
// the others have begun.

// Shared is a counter that the proxies of a fleet share.
type Shared struct {
	// Key is its name in the fleet, Local its counter here.
	Key, Local table.Key
	Client     netip.Prefix
}

// SharedClient returns the counter of the client's failures.
func (s *State) SharedClient() Shared {
	return Shared{s.rule.sharedKey(clientRule, &s.client.Key), s.counter, s.client.Prefix}
}

// SharedNetwork returns the counter of the failures of the client's network.
func (s *State) SharedNetwork() Shared {
	network := s.network()
	name := caller.Key(network)
	return Shared{s.rule.sharedKey(networkRule, &name), s.wide, network}
}

// sharedKey names the counter of a client or a network in the fleet, if there is one.
func (r *Rule) sharedKey(rule []byte, whose *[caller.KeySize]byte) table.Key {
	if r.room.shared == nil {
		return table.Key{}
	}
	return r.room.shared.Key(rule, r.name, whose[:])
}

// CountAlone tells the room whether this proxy counts alone, because the fleet does not. Then
// the limits are those of the configuration for this case.
func (room *Room) CountAlone(alone bool) { room.alone = alone }

// own is the limit of the client that holds at the moment.
func (r *Rule) own() *config.Lockout {
	if r.room.alone {
		return &r.alone
	}
	return r.config
}

// network is the limit of the client's network that holds at the moment.
func (r *Rule) network() *config.Lockout {
	if r.room.alone {
		return &r.aloneWide
	}
	return &r.wide
}

// Learn locks a client or a network out that failed too often at all proxies together: for
// the rule's duration or, if it has none, until the fleet's window ends.
func (r *Rule) Learn(c *Shared, wide bool, until, now int64) {
	locks := false
	room := r.room
	result := room.table.Update(c.Local, now, func(old table.Record, _ uint8, at int64) (table.Record, bool) {
		if locks = at >= old.LockedUntil; locks {
			old.Level = counter.FullLevel
			old = lock(old, r.config, until, at, 0)
			until = old.LockedUntil
		}
		return old, locks
	})
	if !locks || result.Outcome != table.Stored {
		return
	}
	what := register.Client
	if wide {
		what = register.Network
	}
	r.list(c, what, table.Key{}, until, now)
	if room.log.Allows(report.Decision, now) {
		room.log.Write(room.log.About("lockout of the fleet", r.surface, c.Client).Number("locked_for", refusal.SecondsUntil(until, now)))
	}
}

// Unlock ends a lockout that an operator has ended at another proxy.
func (r *Rule) Unlock(c *Shared, now int64) {
	unlocks := false
	r.room.table.Update(c.Local, now, func(old table.Record, _ uint8, at int64) (table.Record, bool) {
		unlocks = at < old.LockedUntil
		return table.Record{}, unlocks
	})
	if unlocks && r.room.log.Allows(report.Signal, now) {
		r.room.log.Write(r.room.log.About("unlocked in the fleet", r.surface, c.Client))
	}
}
