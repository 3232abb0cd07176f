package lockout

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/table"
)

// Times and lengths are in milliseconds.

// fail counts one failure at the time now, and tells whether it is the one that locks
// the client out. floor is the level that evicted records left behind. A lockout that
// begins is longer by spread.
func fail(r table.Record, floor uint8, rule *config.Lockout, now, spread int64) (table.Record, bool) {
	if now < r.LockedUntil {
		// The request was under way when the lockout began. The failure counts, but
		// does not change when the lockout ends.
		// See RATIONALE.md, "Why do failures during a lockout not prolong it?"
		r.Count = counter.Increment(r.Count)
		return r, false
	}
	r = begin(r, floor, rule, now)
	r.Count = counter.Increment(r.Count)
	r.Level = counter.Level(r.Count, rule.Failures)
	if r.Count < rule.Failures {
		return r, false
	}
	return lock(r, rule, r.WindowEnd, now, spread), true
}

// begin begins a window at the time now, unless one is running or the client is locked
// out.
func begin(r table.Record, floor uint8, rule *config.Lockout, now int64) table.Record {
	if now < r.LockedUntil {
		return r
	}
	if r.LockedUntil != 0 || now >= r.WindowEnd {
		r.LockedUntil = 0
		r.Count = counter.Inherited(floor, rule.Failures)
		r.WindowEnd = now + rule.Window
	}
	// A window that began under another configuration is no longer than this one's.
	r.WindowEnd = min(r.WindowEnd, now+rule.Window)
	return r
}

// lock locks out for the rule's duration or, if it has none, until windowEnd.
func lock(r table.Record, rule *config.Lockout, windowEnd, now, spread int64) table.Record {
	if now >= r.ForgetAt {
		r.Strikes = 0
	}
	length := rule.Duration
	if length == 0 {
		length = windowEnd - now
	}
	if rule.Escalate.Factor > 0 {
		if rule.Duration == 0 && r.Strikes > 0 {
			length = rule.Window
		}
		length = escalate(length, r.Strikes, &rule.Escalate)
	}
	length += spread
	if rule.Escalate.Factor > 0 {
		r.ForgetAt = now + length + rule.Escalate.Forget
		if r.Strikes < 255 {
			r.Strikes++
		}
	}
	r.LockedUntil = now + length
	return r
}

// escalate returns the length of a lockout that would last length, after the given
// number of lockouts in a row.
func escalate(length int64, strikes uint8, e *config.Escalate) int64 {
	for ; strikes > 0 && length < e.Max; strikes-- {
		length = int64(float64(length) * e.Factor)
	}
	return min(length, max(e.Max, 0))
}

// failuresLeft returns how many more failures lock the client out.
func failuresLeft(r *table.Record, rule *config.Lockout, now int64) uint32 {
	if now >= r.WindowEnd || r.LockedUntil != 0 {
		return rule.Failures
	}
	return rule.Failures - min(r.Count, rule.Failures)
}

// takeBack removes n failures of the running window, and tells whether it changed the
// record. It does not end a lockout: neither can a valid credential while the lockout
// lasts, nor a success that was under way when the lockout began.
func takeBack(r table.Record, n uint32, rule *config.Lockout, now int64) (table.Record, bool) {
	if now < r.LockedUntil || now >= r.WindowEnd || n == 0 {
		return r, false
	}
	r.Count -= min(n, r.Count)
	r.Level = counter.Level(r.Count, rule.Failures)
	if r.Count == 0 {
		// A window begins with its first failure. Strikes outlast it.
		r.WindowEnd = 0
		if r.Strikes == 0 {
			return table.Record{}, true
		}
	}
	return r, true
}
