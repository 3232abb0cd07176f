package counter

import (
	"encoding/binary"
	"testing"

	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

func newTable(counters int) (*Table, *report.Metrics, *fakehost.Host) {
	host := fakehost.New()
	m := report.NewMetrics(host)
	return New(table.New(host, fakehost.Seed, counters), "gatewarden_table", m), m, host
}

// count adds one to a record that lasts a minute.
func count(r table.Record, _ uint8, now int64) (table.Record, bool) {
	r.Count, r.WindowEnd = Increment(r.Count), now+60_000
	return r, true
}

// lock makes a record that no full set evicts.
func lock(_ table.Record, _ uint8, now int64) (table.Record, bool) {
	return table.Record{LockedUntil: now + 60_000}, true
}

func key(t *Table, i uint32) table.Key { return t.Key(binary.LittleEndian.AppendUint32(nil, i)) }

func TestGauges(t *testing.T) {
	_, _, host := newTable(65536)
	for i, want := range map[int]string{4: "gauge gatewarden_table_capacity", 5: "gauge gatewarden_table_max_bytes"} {
		if host.Names[i] != want {
			t.Errorf("metric %d is %s, want %s", i, host.Names[i], want)
		}
	}
	if want := uint64(65536); host.Values[4] != want || host.Values[5] < 36*want {
		t.Errorf("%v", host.Values)
	}
}

// Each outcome of an update is in its metric.
func TestTableMetrics(t *testing.T) {
	for _, row := range []struct {
		name                                string
		play                                func(c *Table, host *fakehost.Host)
		evictions, full, contended, retries uint64
	}{
		{"stored", func(c *Table, host *fakehost.Host) { c.Update(key(c, 1), host.Time, count) }, 0, 0, 0, 0},
		{"after lost races", func(c *Table, host *fakehost.Host) {
			host.Races = 3
			c.Update(key(c, 1), host.Time, count)
		}, 0, 0, 0, 3},
		{"contended", func(c *Table, host *fakehost.Host) {
			host.Races = 1 << 30
			c.Update(key(c, 1), host.Time, count)
		}, 0, 0, 1, 1000},
		{"evicted", func(c *Table, host *fakehost.Host) {
			for i := range uint32(table.Ways + 2) {
				c.Update(key(c, i), host.Time, count)
			}
		}, 2, 0, 0, 0},
		{"full", func(c *Table, host *fakehost.Host) {
			for i := range uint32(table.Ways + 3) {
				c.Update(key(c, i), host.Time, lock)
			}
		}, 0, 3, 0, 0},
	} {
		c, m, host := newTable(table.Ways)
		row.play(c, host)
		m.Flush()
		for name, want := range map[string]uint64{
			"evictions": row.evictions, "full": row.full, "contended": row.contended, "retries": row.retries,
		} {
			if got := host.Value(t, "gatewarden_table_"+name+"_total"); got != want {
				t.Errorf("%s: %s is %d, want %d", row.name, name, got, want)
			}
		}
	}
}

// A record is renewed when less than half of its time is left, or when it has counted
// something.
func TestRenew(t *testing.T) {
	const length = 10_000
	c, _, host := newTable(100)
	begin := host.Time
	for _, row := range []struct {
		at   int64 // milliseconds after the begin
		ends int64
	}{
		{0, length}, {1, length}, {length/2 - 1, length}, {length / 2, length/2 + length}, {length - 1, length/2 + length}, {length, 2 * length}, {3 * length, 4 * length},
	} {
		host.Time = begin + row.at
		c.Renew(key(c, 1), length, host.Time)
		if r, _, found := c.Get(key(c, 1), host); !found || r != (table.Record{WindowEnd: begin + row.ends}) {
			t.Errorf("at %d: %+v, found %v", row.at, r, found)
		}
	}
	c.Update(key(c, 1), host.Time, func(r table.Record, _ uint8, _ int64) (table.Record, bool) { r.Count++; return r, true })
	host.Time++
	c.Renew(key(c, 1), length, host.Time)
	if r, _, _ := c.Get(key(c, 1), host); r != (table.Record{WindowEnd: host.Time + length}) {
		t.Errorf("after a count: %+v", r)
	}
}

// A counter that is over reads as if it had never been.
func TestView(t *testing.T) {
	c, _, host := newTable(100)
	begin := host.Time
	if v := c.View(key(c, 1), host); v != (View{}) {
		t.Errorf("without a record: %+v", v)
	}
	for _, row := range []struct {
		record table.Record // times after the begin
		at     int64
		want   View
	}{
		{table.Record{Count: 2, WindowEnd: 100}, 99, View{2, 100, 0}},
		{table.Record{Count: 2, WindowEnd: 100}, 100, View{}},
		{table.Record{Count: 3, WindowEnd: 100, LockedUntil: 50}, 49, View{3, 100, 50}},
		{table.Record{Count: 3, WindowEnd: 100, LockedUntil: 50}, 50, View{3, 100, 0}},
		{table.Record{Count: 3, WindowEnd: 50, LockedUntil: 100}, 99, View{3, 50, 100}},
		{table.Record{Count: 3, WindowEnd: 50, LockedUntil: 100, Strikes: 1, ForgetAt: 500}, 100, View{}},
	} {
		from := func(at int64) int64 { return at + begin*min(at, 1) } // 0 is never
		host.Time, host.Data = begin, nil
		c.Update(key(c, 1), begin, func(table.Record, uint8, int64) (table.Record, bool) {
			r := row.record
			r.WindowEnd, r.LockedUntil, r.ForgetAt = from(r.WindowEnd), from(r.LockedUntil), from(r.ForgetAt)
			return r, true
		})
		host.Time += row.at
		want := View{row.want.Count, from(row.want.WindowEnd), from(row.want.LockedUntil)}
		if got := c.View(key(c, 1), host); got != want {
			t.Errorf("%+v at %d: %+v, want %+v", row.record, row.at, got, want)
		}
	}
}

func TestInherited(t *testing.T) {
	for limit := uint32(0); limit < 300; limit++ {
		before := uint32(0)
		for floor := 0; floor <= FullLevel; floor++ {
			got := Inherited(uint8(floor), limit)
			if got < before || limit >= 2 && got > limit-2 || limit < 2 && got != 0 {
				t.Fatalf("level %d of a limit of %d leaves %d", floor, limit, got)
			}
			before = got
		}
		if Inherited(0, limit) != 0 {
			t.Fatalf("nothing evicted leaves %d of %d", Inherited(0, limit), limit)
		}
		// A client that is evicted and comes back has lost at most one failure.
		for count := uint32(1); count < limit; count++ {
			if got := Inherited(Level(count, limit), limit); got+1 < min(count, limit-2) {
				t.Fatalf("%d of %d come back as %d", count, limit, got)
			}
		}
	}
	if got := Inherited(FullLevel, 1<<32-1); got != 1<<32-3 {
		t.Errorf("the largest limit leaves %d", got)
	}
}

func TestLevel(t *testing.T) {
	for _, row := range []struct {
		count, limit uint32
		want         uint8
	}{
		{0, 5, 0}, {1, 5, 51}, {4, 5, 204}, {5, 5, 255}, {6, 5, 255}, {1, 1, 255}, {1, 1_000_000, 1},
		{1<<32 - 1, 1<<32 - 1, 255}, {1, 1<<32 - 1, 1},
	} {
		if got := Level(row.count, row.limit); got != row.want {
			t.Errorf("%d of %d is level %d, want %d", row.count, row.limit, got, row.want)
		}
	}
}

func TestIncrement(t *testing.T) {
	for n, want := range map[uint32]uint32{0: 1, 7: 8, 1<<32 - 2: 1<<32 - 1, 1<<32 - 1: 1<<32 - 1} {
		if got := Increment(n); got != want {
			t.Errorf("%d becomes %d, want %d", n, got, want)
		}
	}
}

// What happened is told as the first once until its end, to one of several workers, and
// each time if the table cannot record it.
func TestFirst(t *testing.T) {
	c, m, host := newTable(table.Ways)
	other := New(table.New(host, fakehost.Seed, table.Ways), "gatewarden_table", m)
	first := func(t *Table) bool { return t.First(key(t, 1), 1_060_000, host.Time) }
	for i, row := range []struct {
		at    int64
		table *Table
		want  bool
	}{
		{1_000_000, c, true}, {1_000_000, c, false}, {1_000_000, other, false},
		{1_059_999, other, false}, {1_060_000, c, true}, {1_060_000, c, true}, // it is over already
	} {
		host.Time = row.at
		if got := first(row.table); got != row.want {
			t.Errorf("row %d: %v", i, got)
		}
	}
	host.Time = 1_000_000
	host.Meanwhile, host.In = func() { first(other) }, 1
	if first(c) {
		t.Error("two workers were first")
	}
	for i := range uint32(table.Ways) {
		c.Update(key(c, i+100), host.Time, lock)
	}
	for range 2 {
		if !c.First(key(c, 99), 1_060_000, host.Time) {
			t.Error("a full set has recorded something")
		}
	}
}
