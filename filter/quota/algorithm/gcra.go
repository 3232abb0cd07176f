package algorithm

import "github.com/gatewarden/gatewarden/table"

// gcra is the generic cell rate algorithm (ITU-T I.371). What is spent is a debt, which
// goes down evenly by the limit in each window and is never more than the limit. This is
// the same as a token bucket that holds the limit and is refilled with the limit in each
// window.
//
// Guarantee: within any time d, at most limit·(1 + d/W) is spent, where W is the window:
// the limit at once, and then unit by unit at even distances.
//
// A record's WindowEnd is the theoretical arrival time, at which nothing is owed any
// more, rounded up to a millisecond. Count is by how much it was rounded up, in units of
// a millisecond divided by the limit. So rounding loses nothing, however many requests
// there are in a millisecond.
type gcra struct{}

func (gcra) take(r table.Record, floor uint8, p Plan, cost uint32, now int64) (table.Record, Balance) {
	// The debt of one unit goes down within a window divided by the limit. Counted in
	// milliseconds divided by the limit, that is the window.
	whole := int64(p.Limit) * p.Window
	debt := owed(r, p, now)
	if now >= r.WindowEnd {
		debt = int64(inheritedUse(floor, p.Limit)) * p.Window
	}
	b := Balance{Left: uint32((whole - debt) / p.Window)}
	wanted := cost
	if b.Fits = cost <= b.Left; b.Fits {
		debt += int64(cost) * p.Window
		b.Left -= cost
		wanted = min(b.Left+1, p.Limit)
	}
	excess := debt - (int64(p.Limit)-int64(wanted))*p.Window
	b.More = now + ceilDiv(max(excess, 0), int64(p.Limit))
	return owing(debt, p, now), b
}

// giveBack takes the part off the debt, but no more than what of the taking has not gone
// down since: that is less than the part if the debt was empty before, because an empty
// debt does not go down.
func (gcra) giveBack(r table.Record, p Plan, t Taking, part uint32, now int64) table.Record {
	gone := min(max(now-t.At, 0), p.Window) * int64(p.Limit)
	back := min(int64(part)*p.Window, max(int64(t.Cost)*p.Window-gone, 0))
	return owing(max(owed(r, p, now)-back, 0), p, now)
}

func (gcra) curtail(r table.Record, p Plan, now int64) (table.Record, bool) {
	return curtail(r, now+p.Window)
}

func (gcra) WindowOf(r table.Record) int64 { return r.WindowEnd }

// owed returns the debt of a record, in milliseconds divided by the limit.
func owed(r table.Record, p Plan, now int64) int64 {
	if now >= r.WindowEnd {
		return 0
	}
	return (r.WindowEnd-now)*int64(p.Limit) - min(int64(r.Count), int64(p.Limit)-1)
}

// owing returns the record of a debt.
func owing(debt int64, p Plan, now int64) table.Record {
	late := ceilDiv(debt, int64(p.Limit))
	return table.Record{Count: uint32(late*int64(p.Limit) - debt), WindowEnd: now + late}
}
