package filter

import (
	"strconv"

	"github.com/gatewarden/gatewarden/table"
)

const reasonGRPC = "grpc_status_16"

func statusReason(status int) string { return "status_" + strconv.Itoa(status) }

// countFailure counts a failure of the stream's client.
func (f *Filter) countFailure(host Host, s *Stream, why string) {
	rule := &s.surface.Lockout
	var record table.Record
	locked := false
	now := host.Now()
	result := f.table.Update(s.counter, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		record, locked = fail(r, floor, rule, at)
		return record, true
	})
	f.observe(result)
	s.surface.failures.add(1)
	if result.Outcome != table.Stored {
		f.reportLost(host, s, why, now)
		return
	}
	if locked {
		s.surface.lockouts.add(1)
	}
	f.reportFailure(host, s, why, &record, locked, now)
	if s.hasOwn {
		f.remember(s, record.WindowEnd, now)
	}
}

// remember counts a failure of the presented credential, so that its success
// can take back just that. The record matters least of all in a full set: to
// lose it is to forgive less.
func (f *Filter) remember(s *Stream, windowEnd, now int64) {
	f.observe(f.table.Update(s.own, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		if r.WindowEnd != windowEnd {
			r = table.Record{WindowEnd: windowEnd}
		}
		r.Count = increment(r.Count)
		return r, true
	}))
}

// forgive takes back the failures of a credential that has now succeeded: its
// own, from this client, in this window. A right login between wrong guesses at
// other accounts clears nothing.
func (f *Filter) forgive(host Host, s *Stream) {
	r, now, found := f.table.Get(s.own, host)
	if !found || r.Count == 0 {
		return
	}
	var taken table.Record
	// The credential's record goes first, so that of two successes only one
	// takes its failures back.
	result := f.table.Update(s.own, now, func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
		taken = r
		return table.Record{}, true
	})
	f.observe(result)
	if result.Outcome != table.Stored {
		return
	}
	rule := &s.surface.Lockout
	f.observe(f.table.Update(s.counter, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		if r.WindowEnd != taken.WindowEnd {
			return r, false
		}
		return takeBack(r, taken.Count, rule, at)
	}))
}

func (f *Filter) observe(result table.Result) {
	m := &f.metrics
	m.retries.add(uint64(result.Retries))
	switch {
	case result.Evicted:
		m.evictions.add(1)
	case result.Outcome == table.Full:
		m.full.add(1)
	case result.Outcome == table.Contended:
		m.contended.add(1)
	}
}
