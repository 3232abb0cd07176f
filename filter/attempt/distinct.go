package attempt

import (
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/table"
)

// The number of different things that fail together tells an attack from a mistake: a
// client that fails with many credentials tries a list of them, and an account at which
// many clients fail is attacked by a botnet. One stale credential that a program retries
// all day is one.
//
// Distinct counting is exact. Each pair, of a client and a credential or of an account
// and a client, has a record of its own, and only the update that creates the record
// counts the pair. All pairs of a counter end with its window, so that each window
// counts anew. The table stores only hashes.
//
// A counter that has reached its limit takes no more pairs, unless each of them has a
// consequence: a window needs hardly more records than its limit.
// See RATIONALE.md, "Why is distinct counting exact, and what does it cost?"

// distinct is a limit on the number of pairs within a window.
type distinct struct {
	limit  uint32
	window int64 // in milliseconds
	// lasting restarts the window when the limit is reached: from then on it lasts as
	// long as attempts are slowed down.
	lasting bool
}

// beginWindow begins the window of a counter unless one is running. It returns the
// counter and the time on its clock. ok is false if the table could not store the
// counter.
func (r *Room) beginWindow(key table.Key, rule *distinct, now int64) (running table.Record, at int64, ok bool) {
	result := r.table.Update(key, now, func(r table.Record, floor uint8, clock int64) (table.Record, bool) {
		begins := clock >= r.WindowEnd
		if begins {
			r = beginDistinct(floor, rule, clock+rule.window)
		}
		running, at = r, clock
		return r, begins
	})
	return running, at, result.Outcome == table.Stored || result.Outcome == table.Unchanged
}

// beginDistinct returns a counter whose window ends at end. floor is the level of
// evicted records, see [table.Change].
func beginDistinct(floor uint8, rule *distinct, end int64) table.Record {
	count := counter.Inherited(floor, rule.limit)
	return table.Record{Count: count, Level: counter.Level(count, rule.limit), WindowEnd: end}
}

// countPair counts a pair in the window that ends at end, and returns the number of
// pairs in it. It returns 0 if the pair was counted before, or could not be counted.
//
// The pair is created first. Of all workers only the one that creates its record goes on
// to count it: no pair is counted twice, and every pair that has a record is counted.
func (r *Room) countPair(key, pair table.Key, rule *distinct, end, now int64) (count uint32) {
	// The pair's record has the lowest level, so that a full set evicts it first. Then
	// the pair is counted once more.
	created := r.table.Update(pair, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		return table.Record{WindowEnd: end}, r == table.Record{} && at < end
	})
	if created.Outcome != table.Stored {
		return 0
	}
	result := r.table.Update(key, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		if at >= end {
			return r, false // the window is over
		}
		if at >= r.WindowEnd {
			r = beginDistinct(floor, rule, end) // the counter was evicted meanwhile
		}
		r = rule.add(r, at)
		count = r.Count
		return r, true
	})
	if result.Outcome != table.Stored {
		return 0
	}
	return count
}

// add adds one pair to a counter.
func (d *distinct) add(r table.Record, now int64) table.Record {
	r.Count = counter.Increment(r.Count)
	r.Level = counter.Level(r.Count, d.limit)
	if d.lasting && r.Count == d.limit {
		r.WindowEnd = now + d.window
	}
	return r
}
