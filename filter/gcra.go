package filter

import "github.com/gatewarden/gatewarden/table"

// gcra is the generic cell rate algorithm (ITU-T I.371): what is spent is a debt
// that goes down evenly, by the limit in each window, and may never be more than
// the limit. It is the same as a bucket of tokens that holds the limit and is
// filled by the limit in each window.
//
// What it guarantees: within any stretch of time d, at most limit·(1 + d/W) is
// spent, where W is the window; so the limit at once, and then one after the other
// at even distances.
//
// A record's WindowEnd is the theoretical arrival time, when nothing is owed any
// more, rounded up to a millisecond; Count is by how much it was rounded, in parts
// of a millisecond of which the limit make a whole one. So nothing is lost by
// rounding, however many requests there are in a millisecond.
type gcra struct{}

func (gcra) take(r table.Record, floor uint8, p plan, cost uint32, now int64) (table.Record, balance) {
	// A unit is a window's time for the debt to go down by the limit's part of a
	// millisecond: in those parts, it is the window.
	whole := int64(p.limit) * p.window
	debt := owed(r, p, now)
	if now >= r.WindowEnd {
		debt = int64(inheritedUse(floor, p.limit)) * p.window
	}
	b := balance{left: uint32((whole - debt) / p.window)}
	wanted := cost
	if b.fits = cost <= b.left; b.fits {
		debt += int64(cost) * p.window
		b.left -= cost
		wanted = min(b.left+1, p.limit)
	}
	excess := debt - (int64(p.limit)-int64(wanted))*p.window
	b.more = now + ceilDiv(max(excess, 0), int64(p.limit))
	return owing(debt, p, now), b
}

func (gcra) lasts(p plan) int64 { return p.window }

// giveBack takes off the debt what of it has not gone down since: an empty debt
// does not go down, so the difference may be all that is left of it.
func (gcra) giveBack(r table.Record, p plan, t taking, now int64) table.Record {
	gone := min(max(now-t.at, 0), p.window) * int64(p.limit)
	back := max(int64(t.cost)*p.window-gone, 0)
	return owing(max(owed(r, p, now)-back, 0), p, now)
}

// owed is the debt, in parts of a millisecond.
func owed(r table.Record, p plan, now int64) int64 {
	if now >= r.WindowEnd {
		return 0
	}
	return (r.WindowEnd-now)*int64(p.limit) - min(int64(r.Count), int64(p.limit)-1)
}

func owing(debt int64, p plan, now int64) table.Record {
	late := ceilDiv(debt, int64(p.limit))
	return table.Record{Count: uint32(late*int64(p.limit) - debt), WindowEnd: now + late}
}
