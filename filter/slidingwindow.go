package filter

import "github.com/gatewarden/gatewarden/table"

// slidingWindow is the two-window estimate: what was spent in the running window,
// and of the window before the part that a window ending now would still see, as
// if it had been spent evenly.
//
// What it guarantees: within any stretch of time d that is no longer than a window
// W, at most limit·(1 + d/W) is spent. For a moment that is the limit, for a whole
// window just under twice the limit; but that much only after a pause of a window,
// and never at once as where two fixed windows meet. In the long run it is the
// limit for each window.
//
// A record's WindowEnd is when it says nothing any more: a window after the end of
// the running one.
type slidingWindow struct{}

func (slidingWindow) take(r table.Record, floor uint8, p plan, cost uint32, now int64) (table.Record, balance) {
	switch {
	case now >= r.WindowEnd:
		r = table.Record{Count: inheritedUse(floor, p.limit), WindowEnd: now + 2*p.window}
	case now >= r.WindowEnd-p.window:
		r = table.Record{Before: r.Count, WindowEnd: r.WindowEnd + p.window}
	}
	rest := r.WindowEnd - p.window - now // of the running window
	room := (int64(p.limit)-int64(r.Count))*p.window - int64(r.Before)*rest
	b := balance{left: uint32(max(room, 0) / p.window)}
	wanted := cost
	if b.fits = cost <= b.left; b.fits {
		r.Count += cost
		b.left -= cost
		wanted = min(b.left+1, p.limit)
	}
	b.more = slidingUntil(r, p, wanted, now)
	return r, b
}

// slidingUntil is when so much can be spent, if nothing is until then.
func slidingUntil(r table.Record, p plan, wanted uint32, now int64) int64 {
	end := r.WindowEnd - p.window
	spare := int64(p.limit) - int64(wanted) // of what counts
	if int64(r.Count) > spare {
		// The running window must become the one before first.
		return end + p.window - max(spare, 0)*p.window/int64(r.Count)
	}
	if r.Before == 0 {
		return now
	}
	return max(end-(spare-int64(r.Count))*p.window/int64(r.Before), now)
}

func (slidingWindow) lasts(p plan) int64 { return 2 * p.window }

// giveBack gives nothing back to another window than the one that it was taken
// from.
func (slidingWindow) giveBack(r table.Record, _ plan, t taking, _ int64) table.Record {
	if r.WindowEnd == t.end {
		r.Count -= min(t.cost, r.Count)
	}
	return r
}
