package algorithm

import "github.com/gatewarden/gatewarden/table"

// fixedWindow counts in windows. A window begins with the first request that it counts
// and has a fixed length.
//
// Guarantee: within one window no more than the limit is spent, on any number of
// workers.
//
// Limitation: the end of one window and the beginning of the next may both be full, so
// that twice the limit may be spent within any time as long as a window.
type fixedWindow struct{}

func (fixedWindow) take(r table.Record, floor uint8, p Plan, cost uint32, now int64) (table.Record, Balance) {
	if now >= r.WindowEnd {
		r = table.Record{Count: inheritedUse(floor, p.Limit), WindowEnd: now + p.Window}
	}
	b := Balance{Left: p.Limit - min(r.Count, p.Limit), More: r.WindowEnd}
	if b.Fits = cost <= b.Left; b.Fits {
		r.Count += cost
		b.Left -= cost
	}
	if b.Left == p.Limit {
		b.More = now
	}
	return r, b
}

func (fixedWindow) giveBack(r table.Record, _ Plan, t Taking, part uint32, _ int64) table.Record {
	if r.WindowEnd == t.Window {
		r.Count -= min(part, r.Count)
	}
	return r
}

func (fixedWindow) curtail(r table.Record, p Plan, now int64) (table.Record, bool) {
	return curtail(r, now+p.Window)
}

func (fixedWindow) WindowOf(r table.Record) int64 { return r.WindowEnd }
