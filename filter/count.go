package filter

import (
	"encoding/binary"
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// cause is what made a response a failure: a status, or a code that says more.
// It becomes text only for the log, which nearly no response needs.
type cause struct {
	status int
	code   string
}

func (c cause) String() string {
	if c.code != "" {
		return c.code
	}
	return "status_" + strconv.Itoa(c.status)
}

// causeGRPC is the one gRPC status that is a failure.
var causeGRPC = cause{code: "grpc_status_16"}

// countFailure counts a failure of the stream's client.
func (f *Filter) countFailure(host Host, s *Stream, why cause) {
	now := host.Now()
	record, locked, result := f.fail(s, s.counter, &s.surface.Lockout, now)
	s.surface.failures.add(1)
	s.disgrace(now)
	s.countKeys(now)
	f.countWide(host, s, now)
	s.countStuffing(host, now < record.LockedUntil, now)
	s.countSpraying(host, now)
	if result.Outcome != table.Stored {
		f.reportLost(host, s, why, now)
		return
	}
	if locked {
		s.surface.lockouts.add(1)
		f.registerClient(s, &record, now)
	}
	f.reportFailure(host, s, why, &record, locked, now)
	if s.hasOwn {
		f.remember(s, record.WindowEnd, now)
	}
}

// countWide counts a failure of the client's network.
func (f *Filter) countWide(host Host, s *Stream, now int64) {
	if s.surface.Lockout.Wide.Failures == 0 {
		return
	}
	record, locked, result := f.fail(s, s.wide, &s.surface.wide, now)
	if result.Outcome == table.Stored && locked {
		s.surface.networkLockouts.add(1)
		f.registerNetwork(s, &record, now)
		f.reportNetwork(host, s, &record, now)
	}
}

// fail counts a failure on one counter.
func (f *Filter) fail(s *Stream, key table.Key, rule *config.Lockout, now int64) (r table.Record, locked bool, result table.Result) {
	spread := f.spread(s, rule.Jitter, now)
	result = f.table.Update(key, now, func(old table.Record, floor uint8, at int64) (table.Record, bool) {
		r, locked = fail(old, floor, rule, at, spread)
		return r, true
	})
	f.observe(result)
	return r, locked, result
}

// spread is a number of milliseconds up to the jitter. It comes from the seed,
// which nobody outside knows, and from the moment.
func (f *Filter) spread(s *Stream, jitter, now int64) int64 {
	if jitter == 0 {
		return 0
	}
	f.name = append(f.name[:0], s.client.key[:]...)
	f.name = binary.LittleEndian.AppendUint64(f.name, uint64(now))
	return int64(f.table.Hash(f.name) % uint64(jitter+1))
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

func (f *Filter) observe(result table.Result) { f.metrics.table.observe(result) }
