// Package algorithm has the arithmetic of quotas: how a counter fills when a caller
// spends, and empties with time. It is a part of the quota room.
//
// [Of] returns a configured algorithm. The methods of [Algorithm] take a record of the
// table and return what to store in its place. They are pure functions: the table may
// call them again after a conflict, and they are safe for concurrent use.
//
// algorithm.go has what all algorithms share. fixedwindow.go, calendar.go,
// slidingwindow.go and gcra.go have one algorithm each, with what it guarantees.
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
	// Window is in milliseconds, from 1 second to 31 days: twice its product with the
	// limit is an int64.
	Window int64
	// Period is the number of the running window, if the windows are those of a
	// calendar, and Rest the time until it ends. See [Calendar].
	Period uint32
	Rest   int64
}

// Valid tells whether the algorithms can calculate with the plan.
func (p *Plan) Valid() bool {
	return p.Limit > 0 && p.Limit <= 1_000_000_000 && p.Window >= 1000 && p.Window <= 31*millisecondsADay
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
	// Window is the window that it was taken in, see [Algorithm.WindowOf].
	Window int64
}

// Algorithm says how counters fill and empty.
type Algorithm struct{ arithmetic }

// arithmetic is what differs between algorithms.
type arithmetic interface {
	// take spends a cost if there is enough, and tells how the counter stands
	// afterwards.
	take(r table.Record, floor uint8, p Plan, cost uint32, now int64) (table.Record, Balance)
	// giveBack undoes a part of a taking, as far as it still counts.
	giveBack(r table.Record, p Plan, t Taking, part uint32, now int64) table.Record
	// curtail ends a record where the plan has it end, and tells whether it did not
	// end there.
	curtail(r table.Record, p Plan, now int64) (table.Record, bool)
	// WindowOf identifies the running window of a record, for a [Taking].
	WindowOf(r table.Record) int64
}

// Kind is an algorithm with its windows, as a byte of keys and of shared data: the value
// of one must not change.
type Kind uint8

const (
	day   = Kind(config.GCRA) + 1
	month = day + 1
	kinds = month + 1
)

var algorithms = [kinds]Algorithm{
	config.FixedWindow: {fixedWindow{}}, config.SlidingWindow: {slidingWindow{}}, config.GCRA: {gcra{}},
	day: {calendar{}}, month: {calendar{}},
}

// KindOf returns the kind of a rule's algorithm. None reads the records that another one
// wrote: they need keys of their own.
func KindOf(q *config.Quota) Kind {
	switch q.Calendar {
	case config.CalendarDay:
		return day
	case config.CalendarMonth:
		return month
	}
	return Kind(q.Algorithm)
}

// IsCalendar tells whether the windows are those of a calendar.
func (k Kind) IsCalendar() bool { return k == day || k == month }

// Valid tells whether there is such a kind.
func (k Kind) Valid() bool { return k < kinds }

// Of returns the algorithm of a valid kind.
func Of(k Kind) *Algorithm { return &algorithms[k] }

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

// Refund gives back a part of what was taken, up to all of it, as far as it still counts
// at the time now. It returns the record to store: the zero Record, which the table
// removes, if nothing is spent any more.
func (a *Algorithm) Refund(r table.Record, p Plan, t Taking, part uint32, now int64) table.Record {
	r, _ = a.curtail(r, p, now)
	r = a.giveBack(r, p, t, min(part, t.Cost), now)
	_, b := a.take(r, 0, p, 0, now)
	if b.Left == p.Limit {
		return table.Record{}
	}
	return weigh(r, p, b)
}

// curtail shortens a record that an earlier configuration with a longer window wrote,
// and tells whether it did. The caller must store it: otherwise the window would restart
// with each request, and never end for a client that has nothing left.
func curtail(r table.Record, end int64) (table.Record, bool) {
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
