package algorithm

import "github.com/gatewarden/gatewarden/table"

// slidingWindow estimates what was spent within the last window from the counts of two
// fixed windows: all of the running window and, of the window before, the part that
// still lies within the last window, as if it had been spent evenly.
//
// Guarantee: within any time d that is no longer than a window W, at most limit·(1 +
// d/W) is spent. In the long run that is the limit for each window. In a whole window it
// is just under twice the limit, but that much only after a pause of a window, and never
// at once as where two fixed windows meet.
//
// A record's WindowEnd is when the record expires: a window after the end of the running
// one.
type slidingWindow struct{}

func (slidingWindow) take(r table.Record, floor uint8, p Plan, cost uint32, now int64) (table.Record, Balance) {
	switch {
	case now >= r.WindowEnd:
		r = table.Record{Count: inheritedUse(floor, p.Limit), WindowEnd: now + 2*p.Window}
	case now >= r.WindowEnd-p.Window:
		r = table.Record{Before: r.Count, WindowEnd: r.WindowEnd + p.Window}
	}
	rest := r.WindowEnd - p.Window - now // of the running window
	room := (int64(p.Limit)-int64(r.Count))*p.Window - int64(r.Before)*rest
	b := Balance{Left: uint32(max(room, 0) / p.Window)}
	wanted := cost
	if b.Fits = cost <= b.Left; b.Fits {
		r.Count += cost
		b.Left -= cost
		wanted = min(b.Left+1, p.Limit)
	}
	b.More = slidingUntil(r, p, wanted, now)
	return r, b
}

// slidingUntil returns when the wanted units can be spent, if nothing else is spent
// until then.
func slidingUntil(r table.Record, p Plan, wanted uint32, now int64) int64 {
	end := r.WindowEnd - p.Window
	spare := int64(p.Limit) - int64(wanted) // what may be counted at that time
	if int64(r.Count) > spare {
		// The running window must first become the one before.
		return end + p.Window - max(spare, 0)*p.Window/int64(r.Count)
	}
	if r.Before == 0 {
		return now
	}
	return max(end-(spare-int64(r.Count))*p.Window/int64(r.Before), now)
}

// giveBack takes the part off the window that counted it, which may be the one before the
// running one.
func (slidingWindow) giveBack(r table.Record, p Plan, t Taking, part uint32, _ int64) table.Record {
	switch r.WindowEnd {
	case t.Window:
		r.Count -= min(part, r.Count)
	case t.Window + p.Window:
		r.Before -= min(part, r.Before)
	}
	return r
}

func (slidingWindow) curtail(r table.Record, p Plan, now int64) (table.Record, bool) {
	return curtail(r, now+2*p.Window)
}

func (slidingWindow) WindowOf(r table.Record) int64 { return r.WindowEnd }
