package concurrency

import (
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// TestOccupancy shows how a record is read at a time, and how a worker's places are moved
// into its period.
func TestOccupancy(t *testing.T) {
	const p = period
	record := func(before, current uint32, until int64) table.Record {
		return table.Record{Count: before<<16 | current, WindowEnd: until, LockedUntil: until}
	}
	for _, row := range []struct {
		name string
		r    table.Record
		at   int64
		mine holding
		want occupancy
	}{
		{"nothing", table.Record{}, 5, holding{}, occupancy{0, 0, 5 + 2*p}},
		{"in its period", record(2, 3, 2*p), p - 1, holding{}, occupancy{2, 3, 2 * p}},
		{"in the next one", record(2, 3, 2*p), p, holding{}, occupancy{3, 0, 3 * p}},
		{"at its end", record(2, 3, 2*p), 2*p - 1, holding{}, occupancy{3, 0, 3 * p}},
		{"mine are confirmed", record(2, 3, 2*p), 1, holding{places: 2, until: 2 * p}, occupancy{2, 3, 2 * p}},
		{"mine are among those before", record(2, 3, 2*p), 1, holding{places: 2, until: p}, occupancy{0, 5, 2 * p}},
		{"mine become those before", record(2, 3, 2*p), p, holding{places: 1, until: 2 * p}, occupancy{2, 1, 3 * p}},
		{"mine have expired", record(2, 3, 2*p), 1, holding{places: 4, until: 0}, occupancy{2, 7, 2 * p}},
		{"all have expired, mine with them", table.Record{}, 5, holding{places: 4, until: 3}, occupancy{0, 4, 5 + 2*p}},
		{"more than there are", record(1, 0, 2*p), 1, holding{places: 2, until: p}, occupancy{0, 2, 2 * p}},
	} {
		mine := row.mine
		if got := occupied(row.r, row.at).confirm(&mine); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

func TestOccupancyRecord(t *testing.T) {
	for _, row := range []struct {
		o    occupancy
		want table.Record
	}{
		{occupancy{until: 7}, table.Record{}},
		{occupancy{1, 2, 7}, table.Record{Count: 0x0001_0002, WindowEnd: 7, LockedUntil: 7}},
		{occupancy{maxPlaces, maxPlaces + 1, 7}, table.Record{Count: 1<<32 - 1, WindowEnd: 7, LockedUntil: 7}},
	} {
		if got := row.o.record(); got != row.want {
			t.Errorf("%+v: %+v, want %+v", row.o, got, row.want)
		}
	}
}

func TestDue(t *testing.T) {
	const p = period
	h := holding{until: 10 * p}
	for now, want := range map[int64]bool{8*p - 1: true, 8 * p: false, 9*p - 1: false, 9 * p: true, 11 * p: true, 0: true} {
		if h.isDue(now) != want {
			t.Errorf("at %d: due %v", now, !want)
		}
	}
}

// FuzzOccupancy shows that, whatever a record and a worker hold, all of the worker's
// places are in the current period once they are confirmed, none of the others is
// counted twice, and the record that is written says the same.
func FuzzOccupancy(f *testing.F) {
	f.Add(uint32(0), int64(0), uint16(0), uint8(0))
	f.Add(uint32(0x0002_0003), int64(1), uint16(2), uint8(1))
	f.Add(uint32(0x0002_0003), int64(period), uint16(1), uint8(0))
	f.Add(uint32(1<<32-1), int64(2*period-1), uint16(1<<16-1), uint8(2))
	f.Fuzz(func(t *testing.T, count uint32, at int64, places uint16, ago uint8) {
		const until = 2 * period
		at = min(max(at, 1), until-1)
		r := table.Record{Count: count, WindowEnd: until, LockedUntil: until}
		if count == 0 {
			r = table.Record{}
		}
		before := occupied(r, at)
		if before.until <= at || before.until > at+2*period {
			t.Fatalf("%+v at %d lasts until %d", r, at, before.until)
		}
		h := holding{places: uint32(places), until: before.until - int64(ago%3)*period}
		after := before.confirm(&h)
		if h.until != before.until && after.current != before.current+h.places {
			t.Errorf("%d places are not all confirmed: %+v, %+v before", places, after, before)
		}
		if after.taken() > before.taken()+h.places || after.taken() < before.taken() {
			t.Errorf("%+v, %+v before, of which %d are mine", after, before, places)
		}
		if after.current > maxPlaces {
			return // no limit is that large
		}
		want := after
		if want.taken() == 0 {
			want.until = at + 2*period
		}
		if got := occupied(after.record(), at); got != want {
			t.Errorf("%+v is read back as %+v", after, got)
		}
	})
}
