package filter

import "github.com/gatewarden/gatewarden/table"

// fixedWindow counts in windows of which each begins with the first request that
// it counts and ends when its time is over.
//
// What it guarantees: within one window no more than the limit is spent, by any
// number of workers. Two windows may meet with the end of one and the beginning of
// the next full, so that any stretch of time as long as a window sees at most
// twice the limit.
type fixedWindow struct{}

func (fixedWindow) take(r table.Record, floor uint8, p plan, cost uint32, now int64) (table.Record, balance) {
	if now >= r.WindowEnd {
		r = table.Record{Count: inheritedUse(floor, p.limit), WindowEnd: now + p.window}
	}
	b := balance{left: p.limit - min(r.Count, p.limit), more: r.WindowEnd}
	if b.fits = cost <= b.left; b.fits {
		r.Count += cost
		b.left -= cost
	}
	if b.left == p.limit {
		b.more = now
	}
	return r, b
}

func (fixedWindow) lasts(p plan) int64 { return p.window }

// giveBack gives nothing back to another window than the one that it was taken
// from.
func (fixedWindow) giveBack(r table.Record, _ plan, t taking, _ int64) table.Record {
	if r.WindowEnd == t.end {
		r.Count -= min(t.cost, r.Count)
	}
	return r
}
