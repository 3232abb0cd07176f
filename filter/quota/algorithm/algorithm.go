// Package algorithm has the arithmetic of quotas: how a counter fills when a caller
// spends, and empties with time. It is a part of the quota room.
//
// [Of] returns a configured algorithm. The methods of [Algorithm] take a record of the
// table and return what to store in its place. They are pure functions: the table may
// call them again after a conflict, and they are safe for concurrent use.
//
// algorithm.go has what all algorithms share. fixedwindow.go, slidingwindow.go and
// gcra.go have one algorithm each, with what it guarantees.
//
// All times are milliseconds of the table's clock. A record that does not exist or has
// expired is the zero [table.Record].
package algorithm

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/table"
)

// Plan is how many units may be spent within a window.
type Plan struct {
	// Limit is 1 to a billion.
	Limit uint32
	// Window is in milliseconds, from 1 second to 30 days: twice its product with the
	// limit is an int64.
	Window int64
}

// Balance is how a counter stands.
type Balance struct {
	// Fits tells whether there was enough for the cost.
	Fits bool
	// Left is what may still be spent at this moment, 0 to the limit.
	Left uint32
	// More is the time at which more is left or, for a cost that did not fit, enough for
	// it, if nothing is spent until then. It is at most two windows ahead, and the
	// present if all is left.
	More int64
}

// Taking is what was taken, for [Algorithm.Refund].
type Taking struct {
	Cost uint32
	// At is when it was taken.
	At int64
	// End is WindowEnd of the record that [Algorithm.Spend] returned.
	End int64
}

// Algorithm says how counters fill and empty.
type Algorithm struct {
	arithmetic
	// windows is for how many windows a record matters.
	windows int64
}

// arithmetic is what differs between algorithms.
type arithmetic interface {
	// take spends a cost if there is enough, and tells how the counter stands
	// afterwards.
	take(r table.Record, floor uint8, p Plan, cost uint32, now int64) (table.Record, Balance)
	// giveBack undoes a taking, as far as it still counts.
	giveBack(r table.Record, p Plan, t Taking, now int64) table.Record
}

var algorithms = [...]Algorithm{
	config.FixedWindow: {fixedWindow{}, 1}, config.SlidingWindow: {slidingWindow{}, 2}, config.GCRA: {gcra{}, 1},
}

// Of returns a configured algorithm. None reads the records that another one wrote: they
// need keys of their own.
func Of(a config.Algorithm) *Algorithm { return &algorithms[a] }

// Spend spends a cost, 0 to the limit, if there is enough, and tells how the counter
// stands afterwards. A cost of 0 only asks. changed tells whether next has to be stored. A
// record of another plan is read as one of this plan.
//
// For a record that does not exist, floor is the level up to which its set had to evict
// records, 0 if it had not. A caller whose counter was evicted has no more left than
// before: next has a level that stands for all that was spent, and it is locked while
// nothing is left, so that the table does not evict it.
func (a *Algorithm) Spend(r table.Record, floor uint8, p Plan, cost uint32, now int64) (next table.Record, b Balance, changed bool) {
	r, cut := a.curtail(r, p, now)
	r, b = a.take(r, floor, p, cost, now)
	return weigh(r, p, b), b, cut || b.Fits && cost > 0
}

// Look tells how the counter would stand if the cost were spent. outdated tells whether the
// record has to be stored all the same, by [Algorithm.Spend] with a cost of 0: an
// earlier configuration with a longer window wrote it.
func (a *Algorithm) Look(r table.Record, p Plan, cost uint32, now int64) (b Balance, outdated bool) {
	r, outdated = a.curtail(r, p, now)
	_, b = a.take(r, 0, p, cost, now)
	return b, outdated
}

// Refund gives back what was taken, as far as it still counts at the time now, and
// returns the record to store: the zero Record, which the table removes, if nothing is
// spent any more.
func (a *Algorithm) Refund(r table.Record, p Plan, t Taking, now int64) table.Record {
	r, _ = a.curtail(r, p, now)
	r = a.giveBack(r, p, t, now)
	_, b := a.take(r, 0, p, 0, now)
	if b.Left == p.Limit {
		return table.Record{}
	}
	return weigh(r, p, b)
}

// curtail shortens a record that an earlier configuration with a longer window wrote,
// and tells whether it did. The caller must store it: otherwise the window would restart
// with each request, and never end for a client that has nothing left.
func (a *Algorithm) curtail(r table.Record, p Plan, now int64) (table.Record, bool) {
	end := now + a.windows*p.Window
	if r.WindowEnd <= end {
		return r, false
	}
	r.WindowEnd = end
	return r, true
}

// weigh writes into the record how much it matters. A counter of which nothing is left
// must not be evicted before there is more: otherwise its client would come back with
// something to spend.
func weigh(r table.Record, p Plan, b Balance) table.Record {
	r.Level, r.LockedUntil = counter.Level(p.Limit-b.Left, p.Limit), 0
	if b.Left == 0 {
		r.LockedUntil = b.More
	}
	return r
}

// inheritedUse returns how much of a new counter is spent whose set had to evict
// records: the counter may be one of them. An evicted record had something left, as it
// would otherwise have been locked, so the result is never less than what it had spent.
// Something is left of the new counter as well, for a client that was never there.
// See RATIONALE.md, "Why may a client whose counter was evicted have less than it had?"
func inheritedUse(floor uint8, limit uint32) uint32 {
	return min(uint32(uint64(floor)*uint64(limit)/counter.FullLevel), limit-1)
}

// ceilDiv divides a by b and rounds up. a is not negative, and b is positive.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
