package fleet

import "github.com/gatewarden/gatewarden/table"

// The service takes nothing back. What was charged there for a request that was refused in the
// end, or for calls that failed, is carried: the next charge on the same counter in the same
// window takes from it first. So no more is ever admitted than the limit, and what one worker
// gives back, it can spend.
type carry map[carried]*credit

// carried is a counter in a window.
type carried struct {
	shared table.Key
	window int64
}

type credit struct {
	units uint32
	ends  int64
}

// maxCarry bounds the counters whose credit is carried. What has no place stays charged.
const maxCarry = 1024

// put carries units until the window ends.
func (c carry) put(key carried, units uint32, ends int64) {
	if units == 0 {
		return
	}
	if have := c[key]; have != nil {
		have.units += min(units, 1<<32-1-have.units)
		return
	}
	if len(c) < maxCarry {
		c[key] = &credit{units, ends}
	}
}

// take takes up to cost units that are carried.
func (c carry) take(key carried, cost uint32) (taken uint32) {
	if len(c) == 0 {
		return 0
	}
	have := c[key]
	if have == nil {
		return 0
	}
	taken = min(have.units, cost)
	if have.units -= taken; have.units == 0 {
		delete(c, key)
	}
	return taken
}

// expire drops what belongs to windows that have ended.
func (c carry) expire(now int64) {
	for key, have := range c {
		if now >= have.ends {
			delete(c, key)
		}
	}
}

// charged takes the answer to a charge. What was carried for all of it was charged before, so
// it fits whatever became of the counter since.
func (r *Room) charged(a *Asked) {
	if a.Over = a.Over && a.carried < a.cost; a.Over {
		r.keepCarried(a)
	}
}

// keepCarried puts back what a charge took that came to nothing.
func (r *Room) keepCarried(a *Asked) {
	r.carry.put(carried{a.Shared, a.window}, a.carried, a.Until)
	a.carried = 0
}

// giveBack carries units of a charge.
func (r *Room) giveBack(a *Asked, units uint32) {
	if a.Charge >= 0 && a.Heard && !a.Over {
		r.carry.put(carried{a.Shared, a.window}, units, a.Until)
	}
}

// giveBackAll gives back what a request was charged that has gone.
func (r *Room) giveBackAll(asked []Asked) {
	for i := range asked {
		r.giveBack(&asked[i], asked[i].cost)
	}
}

// keepAllCarried puts back what all charges of a request took that came to nothing.
func (r *Room) keepAllCarried(asked []Asked) {
	for i := range asked {
		r.keepCarried(&asked[i])
	}
}

// spend reports what a request spent that did not wait for the answer.
func (r *Room) spend(a *Asked) {
	at := r.moment()
	a.window, a.Until = a.Rule.window(at)
	due := a.cost - r.carry.take(carried{a.Shared, a.window}, a.cost)
	if due > 0 {
		r.put(&item{Counter: a.Counter, kind: spending, hits: due, window: a.window, ends: a.Until}, at)
	}
}
