package table

import "testing"

const (
	newcomer = 1 << 40 // a fingerprint that none of the sets has
	seconds  = int64(1000)
)

// crowd is a set of n records that matter: a running window, a high level.
func crowd(n int) *set {
	s := &set{count: n, touched: 1}
	for i := range n {
		s.entries[i] = entry{uint64(i + 1), Record{Count: 1, Level: 200, WindowEnd: 500 * seconds}}
	}
	return s
}

func countOne(r Record, _ uint8, now int64) (Record, bool) {
	return Record{Count: r.Count + 1, Level: 10, WindowEnd: now + 60*seconds}, true
}

func TestPlaceEvictsTheExpiredThenTheLeastAndNeverTheLocked(t *testing.T) {
	const now = 100 * seconds
	soon, late := now+1, now+900*seconds
	for _, c := range []struct {
		name    string
		records map[int]Record // by index; the others are a crowd
		victim  int            // -1: none was evicted
		outcome Outcome
	}{
		{"an expired record goes, whatever its level, and is no eviction",
			map[int]Record{3: {Level: 255, WindowEnd: now}, 5: {Level: 1, WindowEnd: late}}, -1, Stored},
		{"the lowest level goes",
			map[int]Record{0: {Level: 9, WindowEnd: soon}, 7: {Level: 8, WindowEnd: late}, 15: {Level: 9, WindowEnd: soon}}, 7, Stored},
		{"of the same level the one that ends first goes",
			map[int]Record{2: {Level: 9, WindowEnd: late}, 4: {Level: 9, WindowEnd: soon}, 9: {Level: 9, WindowEnd: late}}, 4, Stored},
		{"the end of a record is the latest of its times",
			map[int]Record{2: {Level: 9, WindowEnd: soon, ForgetAt: late}, 4: {Level: 9, WindowEnd: soon + 1}}, 4, Stored},
		{"strikes whose window is over go before a count",
			map[int]Record{6: {Level: 255, Strikes: 9, ForgetAt: late}, 8: {Level: 2, WindowEnd: soon}}, 6, Stored},
		{"strikes whose window is over stay before a level of zero",
			map[int]Record{6: {Strikes: 9, ForgetAt: late}, 8: {WindowEnd: late}}, 8, Stored},
		{"a level whose window is over weighs nothing",
			map[int]Record{6: {Level: 255, ForgetAt: late}, 8: {Level: 1, WindowEnd: soon}}, 6, Stored},
		{"a locked record stays, however little it weighs",
			map[int]Record{6: {LockedUntil: soon}, 8: {Level: 199, WindowEnd: late}}, 8, Stored},
		{"a record is free to go when its lock is over",
			map[int]Record{6: {Level: 1, LockedUntil: now, WindowEnd: late}, 8: {Level: 199, WindowEnd: late}}, 6, Stored},
		{"the first and the last can go",
			map[int]Record{0: {Level: 7, WindowEnd: late}}, 0, Stored},
		{"the first and the last can go",
			map[int]Record{Ways - 1: {Level: 7, WindowEnd: late}}, Ways - 1, Stored},
		{"a set of locked records is full",
			lockedUntil(soon), -1, Full},
		{"one lock that is over is enough",
			with(lockedUntil(soon), 11, Record{LockedUntil: now, WindowEnd: soon}), 11, Stored},
	} {
		s := crowd(Ways)
		for i, r := range c.records {
			s.entries[i].Record = r
		}
		before := *s
		outcome, evicted := s.apply(newcomer, now, countOne)
		if outcome != c.outcome || evicted != (c.victim >= 0) {
			t.Errorf("%s: outcome %d, evicted %v", c.name, outcome, evicted)
		}
		if placed := s.find(newcomer) >= 0; placed != (c.outcome == Stored) {
			t.Errorf("%s: newcomer placed: %v", c.name, placed)
		}
		for i := range before.count {
			e := &before.entries[i]
			gone, due := s.find(e.fingerprint) < 0, i == c.victim || now >= e.expiry()
			if gone != due {
				t.Errorf("%s: record %d gone: %v", c.name, i, gone)
			}
		}
	}
}

func lockedUntil(end int64) map[int]Record {
	records := map[int]Record{}
	for i := range Ways {
		records[i] = Record{LockedUntil: end}
	}
	return records
}

func with(records map[int]Record, i int, r Record) map[int]Record {
	records[i] = r
	return records
}

func TestPlaceEvictsNothingWhileThereIsRoom(t *testing.T) {
	s := &set{}
	for i := range Ways {
		outcome, evicted := s.apply(uint64(i+1), seconds, countOne)
		if outcome != Stored || evicted || s.count != i+1 || s.floor != 0 {
			t.Errorf("record %d: outcome %d, evicted %v, %d records, floor %d", i+1, outcome, evicted, s.count, s.floor)
		}
	}
	if _, evicted := s.apply(newcomer, seconds, countOne); !evicted {
		t.Errorf("record %d: nothing was evicted from a full set", Ways+1)
	}
}

// Each step evicts one record from a full set, or only looks, and then a
// newcomer is told the floor.
func TestFloorIsTheLevelLeftBehindAndExpiresWithItsWindow(t *testing.T) {
	s := &set{}
	for i, step := range []struct {
		now   int64
		evict Record // zero: none
		floor uint8
	}{
		{now: 10, floor: 0},
		{now: 10, evict: Record{Level: 30, WindowEnd: 100}, floor: 30},
		{now: 20, evict: Record{Level: 20, WindowEnd: 200}, floor: 30},                 // the highest stays
		{now: 30, evict: Record{Level: 40, WindowEnd: 50}, floor: 40},                  // and the new highest
		{now: 30, evict: Record{Level: 0, WindowEnd: 900}, floor: 40},                  // nothing counted, nothing left
		{now: 30, evict: Record{Level: 90, WindowEnd: 30, ForgetAt: 900}, floor: 40},   // its window is over
		{now: 30, evict: Record{Level: 90, WindowEnd: 30}, floor: 40},                  // it is expired
		{now: 30, evict: Record{Level: 90, WindowEnd: 30, LockedUntil: 30}, floor: 40}, // its lock is over, too
		{now: 199, floor: 40}, // as long as the longest
		{now: 200, floor: 0},  // and not longer
		{now: 200, evict: Record{Level: 5, WindowEnd: 300}, floor: 5}, // begun anew
		{now: 300, evict: Record{Level: 4, WindowEnd: 301}, floor: 4},
		{now: 301, floor: 0},
	} {
		if step.evict != (Record{}) {
			full := crowd(Ways)
			full.touched, full.floor, full.floorUntil = s.touched, s.floor, s.floorUntil
			for j := range full.entries {
				full.entries[j].Record = Record{Level: 255, WindowEnd: step.now + 1, LockedUntil: step.now + 1}
			}
			full.entries[i].Record = step.evict
			full.apply(newcomer, step.now, countOne)
			s = full
		}
		got, existing := -1, -1
		s.apply(newcomer+1, step.now, func(_ Record, floor uint8, _ int64) (Record, bool) {
			got = int(floor)
			return Record{}, false
		})
		if got != int(step.floor) {
			t.Errorf("step %d, at %d: floor %d, want %d", i+1, step.now, got, step.floor)
		}
		s.apply(newcomer, step.now, func(_ Record, floor uint8, _ int64) (Record, bool) {
			existing = int(floor)
			return Record{}, false
		})
		if step.evict != (Record{}) && existing != 0 {
			t.Errorf("step %d: floor %d for a record that exists", i+1, existing)
		}
	}
}

func TestFollowKeepsWhatIsStillToLast(t *testing.T) {
	const touched = 100_000
	start := Record{WindowEnd: touched + 10_000, LockedUntil: touched + 20_000, ForgetAt: touched + 90_000}
	for _, c := range []struct {
		name      string
		now, used int64
		shift     int64 // by how much all times move back
	}{
		{"the same time", touched, touched, 0},
		{"a step forward", touched + 1, touched + 1, 0},
		{"a long step forward", touched + 1_000_000, touched + 1_000_000, 0},
		{"a worker that read its clock before", touched - 1, touched, 0},
		{"the largest skew", touched - clockSkew, touched, 0},
		{"the smallest step back", touched - clockSkew - 1, touched - clockSkew - 1, clockSkew + 1},
		{"a long step back", 5_000, 5_000, 95_000},
		{"a step back to the beginning", 0, 0, touched},
	} {
		s := &set{count: 2, touched: touched, floor: 7, floorUntil: touched + 30_000}
		s.entries[0] = entry{1, start}
		s.entries[1] = entry{2, Record{Level: 3, LockedUntil: touched + 5, WindowEnd: 40}}
		used := s.follow(c.now)
		want := Record{
			WindowEnd:   start.WindowEnd - c.shift,
			LockedUntil: start.LockedUntil - c.shift,
			ForgetAt:    start.ForgetAt - c.shift,
		}
		if used != c.used || s.entries[0].Record != want || s.floorUntil != touched+30_000-c.shift {
			t.Errorf("%s: used %d, record %+v, floor until %d", c.name, used, s.entries[0].Record, s.floorUntil)
		}
		past := Record{Level: 3, LockedUntil: touched + 5 - c.shift, WindowEnd: max(40-c.shift, 0)}
		if s.entries[1].Record != past {
			t.Errorf("%s: record with a time in the past %+v, want %+v", c.name, s.entries[1].Record, past)
		}
		if wantTouched := int64(touched) - c.shift; s.touched != wantTouched {
			t.Errorf("%s: touched %d, want %d", c.name, s.touched, wantTouched)
		}
	}
}

func TestExpireDropsExactlyWhatIsOver(t *testing.T) {
	const now = 50
	s := &set{count: 6, floor: 9, floorUntil: now}
	for i, r := range []Record{
		{WindowEnd: now}, {WindowEnd: now + 1}, {LockedUntil: now + 1},
		{Level: 255, Strikes: 255, Count: 9, WindowEnd: now, LockedUntil: now, ForgetAt: now}, {ForgetAt: now + 1}, {},
	} {
		s.entries[i] = entry{uint64(i), r}
	}
	s.expire(now)
	if s.count != 3 || s.find(1) < 0 || s.find(2) < 0 || s.find(4) < 0 {
		t.Errorf("%d records are left: %+v", s.count, s.entries[:s.count])
	}
	if s.floor != 0 || s.floorUntil != 0 {
		t.Errorf("floor %d until %d", s.floor, s.floorUntil)
	}
}

func TestApplyRemovesTheRecordThatBecomesZero(t *testing.T) {
	forget := func(Record, uint8, int64) (Record, bool) { return Record{}, true }
	for victim := range Ways {
		s := crowd(Ways)
		if outcome, _ := s.apply(uint64(victim+1), seconds, forget); outcome != Stored {
			t.Errorf("record %d: outcome %d", victim, outcome)
		}
		for i := range Ways {
			if gone := s.find(uint64(i+1)) < 0; gone != (i == victim) {
				t.Errorf("removed %d: record %d gone: %v", victim, i, gone)
			}
		}
		if outcome, _ := s.apply(uint64(victim+1), seconds, forget); outcome != Unchanged || s.count != Ways-1 {
			t.Errorf("record %d, again: outcome %d, %d records", victim, outcome, s.count)
		}
		if s.floor != 0 {
			t.Errorf("record %d: a removed record left the floor %d", victim, s.floor)
		}
	}
}
