package algorithm

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/table"
)

// TestCalendar holds the windows to package time, on every day of two centuries and at
// their edges.
func TestCalendar(t *testing.T) {
	begin, end := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2170, 1, 1, 0, 0, 0, 0, time.UTC)
	periods := map[Kind]uint32{}
	for today := begin; today.Before(end); today = today.AddDate(0, 0, 1) {
		first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
		for _, row := range []struct {
			kind        Kind
			first, next time.Time
		}{{day, today, today.AddDate(0, 0, 1)}, {month, first, first.AddDate(0, 1, 0)}} {
			for _, at := range []int64{0, 1, millisecondsADay/2 + 7, millisecondsADay - 1} {
				wall := today.UnixMilli() + at
				p := row.kind.Calendar(Plan{Limit: 5}, wall)
				if p.Window != row.next.Sub(row.first).Milliseconds() || p.Rest != row.next.UnixMilli()-wall || p.Limit != 5 {
					t.Fatalf("%v and %d ms: %+v", today, at, p)
				}
				if begins := at == 0 && today.Equal(row.first); begins != (p.Period != periods[row.kind]) || p.Period < periods[row.kind] {
					t.Fatalf("%v and %d ms: period %d after %d", today, at, p.Period, periods[row.kind])
				}
				periods[row.kind] = p.Period
			}
		}
	}
	for _, wall := range []int64{math.MinInt64, -1, math.MaxInt64} { // no clock
		for _, kind := range []Kind{day, month} {
			if p := kind.Calendar(Plan{Limit: 5}, wall); !p.Valid() || p.Period == 0 || p.Rest <= 0 {
				t.Errorf("at %d: %+v", wall, p)
			}
		}
	}
	if p := (Plan{Limit: 5, Window: 60_000}); Kind(0).Calendar(p, 1) != p {
		t.Error("the plan of another kind was changed")
	}
}

// TestCalendarWindows walks a counter of 10 a day through midnight and through steps of the
// time of day, which stay behind the clock of the table or run ahead of it.
func TestCalendarWindows(t *testing.T) {
	const hour, noon = 3_600_000, 20_000*millisecondsADay + millisecondsADay/2
	type step struct {
		pass, jump int64 // hours: of both clocks, and of the time of day alone
		cost       uint32
		fits       bool
		left       uint32
		more       int64 // hours
	}
	for _, row := range []struct {
		name  string
		steps []step
	}{
		{"until midnight", []step{{0, 0, 7, true, 3, 12}, {11, 0, 4, false, 3, 1}, {0, 0, 3, true, 0, 1}, {1, 0, 1, true, 9, 24}}},
		{"a day later nothing is left of it", []step{{0, 0, 7, true, 3, 12}, {36, 0, 1, true, 9, 24}}},
		{"back within the day", []step{{0, 0, 10, true, 0, 12}, {2, -8, 1, false, 0, 18}, {17, 0, 1, false, 0, 1}, {1, 0, 1, true, 9, 24}}},
		{"back to the day before, which has no second allowance", []step{
			{11, 0, 10, true, 0, 1}, {2, 0, 10, true, 0, 23}, {0, -3, 1, false, 0, 23}, {2, 0, 1, false, 0, 24}, {24, 0, 1, true, 9, 24}}},
		{"there and back again", []step{{11, 0, 10, true, 0, 1}, {2, 0, 4, true, 6, 23}, {0, -3, 4, true, 2, 23}, {0, 3, 4, false, 2, 23}}},
		{"ahead is a new day", []step{{0, 0, 10, true, 0, 12}, {0, 13, 10, true, 0, 23}, {0, -13, 1, false, 0, 23}}},
		{"ahead by a year, and back: it ends when it said", []step{
			{0, 0, 10, true, 0, 12}, {0, 365 * 24, 10, true, 0, 12}, {1, -365 * 24, 1, false, 0, 11}, {11, 0, 1, true, 9, 24}}},
	} {
		var r table.Record
		now, wall := int64(1_000_000), int64(noon)
		for i, s := range row.steps {
			now, wall = now+s.pass*hour, wall+(s.pass+s.jump)*hour
			next, b, changed := Of(day).Spend(alive(r, now), 0, day.Calendar(Plan{Limit: 10}, wall), s.cost, now)
			if b.Fits != s.fits || b.Left != s.left || b.More != now+s.more*hour {
				t.Errorf("%s, step %d: %+v, more in %d h", row.name, i, b, (b.More-now)/hour)
			}
			if changed {
				r = next
			}
		}
	}
}

// TestCalendarGivesNothingTwice steps the time of day at random, by less than a day back
// at once. No calendar day spends more than its limit, and the whole script no more than
// the days that the clock has shown.
func TestCalendarGivesNothingTwice(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 6))
		var r table.Record
		now, wall, kind := int64(1_000_000), int64(20_000*millisecondsADay), one(rng, day, month)
		spent, shown := int64(0), map[uint32]bool{}
		for range 200 {
			pass := rng.Int64N(millisecondsADay / 2)
			if now, wall = now+pass, wall+pass; rng.IntN(3) == 0 {
				wall += rng.Int64N(2*millisecondsADay) - millisecondsADay
			}
			p := kind.Calendar(Plan{Limit: 10}, wall)
			shown[p.Period] = true
			next, b, changed := Of(kind).Spend(alive(r, now), 0, p, 1+rng.Uint32N(10), now)
			if b.More < now || b.More > now+31*millisecondsADay || b.Left > 10 {
				t.Fatalf("seed %d: %+v at %d", seed, b, now)
			}
			if b.Fits {
				spent += int64(next.Count)
				if old := alive(r, now); old.Before == next.Before {
					spent -= int64(old.Count)
				}
			}
			if changed {
				r = next
			}
		}
		if most := int64(len(shown)) * 10; spent > most || spent*4 < most {
			t.Fatalf("seed %d: %d spent in %d windows", seed, spent, len(shown))
		}
	}
}

func one[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// TestRefundOfAPart gives takings back in parts, at any time: the parts give back what all
// at once would, and never more than was taken.
func TestRefundOfAPart(t *testing.T) {
	for kind := range kinds {
		a := Of(kind)
		for seed := range uint64(300) {
			rng := rand.New(rand.NewPCG(seed, 7))
			p := randomPlan(rng)
			p.Limit = max(p.Limit, 7)
			if kind.IsCalendar() {
				p = kind.Calendar(p, 20_000*millisecondsADay)
			}
			now := int64(1_000_000)
			var r table.Record
			if before := rng.Uint32N(p.Limit / 2); before > 0 {
				r, _, _ = a.Spend(r, 0, p, before, now)
				now += rng.Int64N(p.Window / 2)
			}
			cost := 2 + rng.Uint32N(p.Limit/2-1)
			r, b, _ := a.Spend(r, 0, p, cost, now)
			if !b.Fits {
				continue
			}
			taking := Taking{cost, now, a.WindowOf(r)}
			now += rng.Int64N(p.Window)
			p.Rest -= now - taking.At
			part := 1 + rng.Uint32N(cost-1)
			whole, parts := a.Refund(alive(r, now), p, taking, cost, now), a.Refund(alive(r, now), p, taking, part, now)
			taking.Cost -= part
			if parts = a.Refund(alive(parts, now), p, taking, taking.Cost, now); parts != whole {
				t.Fatalf("%d, seed %d: %+v in parts, %+v at once", kind, seed, parts, whole)
			}
		}
	}
}

// TestRefundFindsItsWindow gives back what was taken in the window before: that counts in
// part where a window slides, and not at all elsewhere.
func TestRefundFindsItsWindow(t *testing.T) {
	for _, row := range []struct {
		kind          Kind
		without, with uint32 // left, half a window into the next one
	}{{0, 97, 97}, {1, 77, 97}, {day, 97, 97}, {month, 97, 97}} {
		a, p := Of(row.kind), Plan{Limit: 100, Window: 60_000}
		at := func(now int64) Plan { return row.kind.Calendar(p, 20_000*millisecondsADay-60_000+now) }
		if row.kind == month {
			at = func(now int64) Plan { return month.Calendar(p, monthBegins(600)*millisecondsADay-60_000+now) }
		}
		r, _, _ := a.Spend(table.Record{}, 0, at(0), 40, 0)
		taking := Taking{40, 0, a.WindowOf(r)}
		r, _, _ = a.Spend(alive(r, 60_000), 0, at(60_000), 3, 60_000)
		if b, _ := a.Look(r, at(90_000), 0, 90_000); b.Left != row.without {
			t.Errorf("%d: %d left before", row.kind, b.Left)
		}
		if b, _ := a.Look(a.Refund(r, at(90_000), taking, 40, 90_000), at(90_000), 0, 90_000); b.Left != row.with {
			t.Errorf("%d: %d left after", row.kind, b.Left)
		}
	}
}
