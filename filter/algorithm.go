package filter

import "github.com/gatewarden/gatewarden/table"

// algorithm says how a quota's counter fills and empties. Each is a pure function
// of its arguments, in the file that bears its name, with what it guarantees.
type algorithm interface {
	// take spends a cost if there is enough for it, and says how the counter
	// stands then. A record that does not exist is the zero Record, and floor the
	// level that evicted ones left behind. A cost of 0 only asks.
	take(r table.Record, floor uint8, p plan, cost uint32, now int64) (table.Record, balance)
	// giveBack undoes what was taken, as far as it still counts.
	giveBack(r table.Record, p plan, t taking, now int64) table.Record
	// lasts is the longest that a record of the plan says anything.
	lasts(p plan) int64
}

// plan is how much may be spent within how many milliseconds; both are above 0.
//
// The limit is at most a billion and the window 30 days, so that their product,
// and twice that, is an int64.
type plan struct {
	limit  uint32
	window int64
}

// balance is how a counter stands.
type balance struct {
	// fits tells that there was enough for the cost.
	fits bool
	// left may still be spent at this moment.
	left uint32
	// more is when there is more than that or, for a cost that did not fit,
	// enough for it.
	more int64
}

// taking is what was taken, and from which state of the counter.
type taking struct {
	cost uint32
	at   int64
	end  int64 // WindowEnd of the record then
}

// spend takes a cost and writes down how much the record matters now. A counter
// of which nothing is left must not be evicted before there is more: its client
// would come back with something to spend. changed tells that the record has to be
// written.
func spend(a algorithm, r table.Record, floor uint8, p plan, cost uint32, now int64) (next table.Record, b balance, changed bool) {
	r, cut := curtail(a, r, p, now)
	r, b = a.take(r, floor, p, cost, now)
	return weigh(r, p, b), b, cut || b.fits && cost > 0
}

// curtail ends by the plan's measure what a former configuration began, and tells
// whether it did. That has to be written: it would else begin anew each time that
// somebody asks, and never end for who has nothing left.
func curtail(a algorithm, r table.Record, p plan, now int64) (table.Record, bool) {
	end := now + a.lasts(p)
	if r.WindowEnd <= end {
		return r, false
	}
	r.WindowEnd = end
	return r, true
}

// refund gives back what was taken. A counter that says nothing then is removed.
func refund(a algorithm, r table.Record, p plan, t taking, now int64) table.Record {
	r, _ = curtail(a, r, p, now)
	r = a.giveBack(r, p, t, now)
	_, b := a.take(r, 0, p, 0, now)
	if b.left == p.limit {
		return table.Record{}
	}
	return weigh(r, p, b)
}

func weigh(r table.Record, p plan, b balance) table.Record {
	r.Level, r.LockedUntil = levelOf(p.limit-b.left, p.limit), 0
	if b.left == 0 {
		r.LockedUntil = b.more
	}
	return r
}

// inheritedUse is what a counter begins with whose set had to evict records: it
// may be one of them. Those had something left, or they would have been locked,
// so this is never less than what it had spent; and something is left of it, too,
// for a client that was never there.
func inheritedUse(floor uint8, limit uint32) uint32 {
	return min(uint32(uint64(floor)*uint64(limit)/fullLevel), limit-1)
}

// ceilDiv divides two numbers of which neither is negative, and rounds up.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
