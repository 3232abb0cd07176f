package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// fullLevel is the level of a record whose count has reached its limit.
const fullLevel = 255

// fail counts one failure at the time now and tells whether it is the one that
// locks the client out. floor is the level that evicted records left behind,
// spread by how much a lockout is made longer.
func fail(r table.Record, floor uint8, rule *config.Lockout, now, spread int64) (table.Record, bool) {
	if now < r.LockedUntil {
		// Answers to requests that were already under way: they count, and
		// change nothing about when the lockout ends.
		r.Count = increment(r.Count)
		return r, false
	}
	if r.LockedUntil != 0 || now >= r.WindowEnd {
		r.LockedUntil = 0
		r.Count = inherited(floor, rule.Failures)
		r.WindowEnd = now + rule.Window
	}
	// A window that a former configuration began ends by this one's measure.
	r.WindowEnd = min(r.WindowEnd, now+rule.Window)
	r.Count = increment(r.Count)
	r.Level = levelOf(r.Count, rule.Failures)
	if r.Count < rule.Failures {
		return r, false
	}
	return lock(r, rule, r.WindowEnd, now, spread), true
}

// lock locks out for the rule's duration or, without one, until windowEnd.
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

func escalate(length int64, strikes uint8, e *config.Escalate) int64 {
	for ; strikes > 0 && length < e.Max; strikes-- {
		length = int64(float64(length) * e.Factor)
	}
	return min(length, max(e.Max, 0))
}

// failuresLeft is how many failures a client may still make before it is locked
// out.
func failuresLeft(r *table.Record, rule *config.Lockout, now int64) uint32 {
	if now >= r.WindowEnd || r.LockedUntil != 0 {
		return rule.Failures
	}
	return rule.Failures - min(r.Count, rule.Failures)
}

// takeBack removes n failures of the running window. A lockout stands: valid
// credentials are refused while it lasts, and answers that were under way when
// it began do not end it.
func takeBack(r table.Record, n uint32, rule *config.Lockout, now int64) (table.Record, bool) {
	if now < r.LockedUntil || now >= r.WindowEnd || n == 0 {
		return r, false
	}
	r.Count -= min(n, r.Count)
	r.Level = levelOf(r.Count, rule.Failures)
	if r.Count == 0 {
		// Without a first failure there is no window. Strikes outlast it.
		r.WindowEnd = 0
		if r.Strikes == 0 {
			return table.Record{}, true
		}
	}
	return r, true
}

// inherited is the count that a client starts with whose set had to evict
// records: it may be one of those that were evicted. An honest client in the
// same set keeps at least one mistake.
func inherited(floor uint8, limit uint32) uint32 {
	if floor == 0 || limit < 2 {
		return 0
	}
	return min(uint32(uint64(floor)*uint64(limit)/fullLevel), limit-2)
}

func levelOf(count, limit uint32) uint8 {
	if count >= limit {
		return fullLevel
	}
	return uint8((uint64(count)*fullLevel + uint64(limit) - 1) / uint64(limit))
}

func increment(n uint32) uint32 {
	if n == 1<<32-1 {
		return n
	}
	return n + 1
}
