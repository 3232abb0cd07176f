// Package counter has what all rules share that count in a table: the table with its
// metrics, and the arithmetic of records.
package counter

import (
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// Table is a table of counters that counts in metrics what becomes of its updates.
type Table struct {
	*table.Table
	evictions, full, contended, retries report.Counter
}

// New defines the metrics of a table, whose names begin with prefix.
func New(t *table.Table, prefix string, m *report.Metrics) *Table {
	out := &Table{Table: t}
	m.Define(&out.evictions, prefix+"_evictions_total")
	m.Define(&out.full, prefix+"_full_total")
	m.Define(&out.contended, prefix+"_contended_total")
	m.Define(&out.retries, prefix+"_retries_total")
	m.Gauge(prefix+"_capacity", uint64(t.Capacity()))
	m.Gauge(prefix+"_max_bytes", uint64(t.MaxBytes()))
	return out
}

// Update is that of [table.Table].
func (t *Table) Update(key table.Key, now int64, change table.Change) table.Result {
	result := t.Table.Update(key, now, change)
	t.count(&result)
	return result
}

// Write is that of [table.Table]. A draft that is too late is a retry: an update follows.
func (t *Table) Write(d *table.Draft) (result table.Result, ok bool) {
	if result, ok = t.Table.Write(d); !ok {
		t.retries.Add(1)
		return result, false
	}
	t.count(&result)
	return result, true
}

func (t *Table) count(result *table.Result) {
	t.retries.Add(uint64(result.Retries))
	switch {
	case result.Evicted:
		t.evictions.Add(1)
	case result.Outcome == table.Full:
		t.full.Add(1)
	case result.Outcome == table.Contended:
		t.contended.Add(1)
	}
}

// Renew records that something holds for length milliseconds from now on. It writes
// only if less than half of that time is left. The record has the lowest level: a full
// set evicts it first.
func (t *Table) Renew(key table.Key, length, now int64) {
	t.Update(key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		fresh := r.Count == 0 && r.WindowEnd-at > length/2
		return table.Record{WindowEnd: at + length}, !fresh
	})
}

// First records that something happened, until end, and tells whether that was not
// recorded yet. Of all workers only one is told so, unless the table cannot record it. The
// record has the lowest level: a full set evicts it first.
func (t *Table) First(key table.Key, end, now int64) bool {
	first := true
	t.Update(key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		first = r == table.Record{}
		return table.Record{WindowEnd: end}, first && at < end
	})
	return first
}

// FullLevel is the level of a record whose count has reached its limit.
const FullLevel = 255

// Level returns the level of a record with the given count.
func Level(count, limit uint32) uint8 {
	if count >= limit {
		return FullLevel
	}
	return uint8((uint64(count)*FullLevel + uint64(limit) - 1) / uint64(limit))
}

// Inherited returns the count with which a counter of failures begins whose set had to
// evict records up to the level floor: its record may be one of them. An honest client
// in the same set keeps at least one mistake.
func Inherited(floor uint8, limit uint32) uint32 {
	if floor == 0 || limit < 2 {
		return 0
	}
	return min(uint32(uint64(floor)*uint64(limit)/FullLevel), limit-2)
}

// Increment adds one to a count, up to the largest.
func Increment(n uint32) uint32 {
	if n == 1<<32-1 {
		return n
	}
	return n + 1
}
