package fleet

import (
	"math"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

func keyOf(n int) table.Key {
	return table.NewNames(table.Seed{}).Key([]byte{byte(n), byte(n >> 8)})
}

func newOutbox() *outbox { return &outbox{at: map[joined]*item{}} }

// TestOutboxJoins: what is the same is one item, and what differs in kind or window is not.
func TestOutboxJoins(t *testing.T) {
	o := newOutbox()
	for _, row := range []struct {
		kind    kind
		key     int
		window  int64
		hits    uint32
		waiting int
	}{
		{failure, 1, 0, 1, 1}, {failure, 1, 0, 2, 1}, {failure, 2, 0, 1, 2}, {failure, 1, 7, 1, 3},
		{peek, 1, 0, 0, 4}, {peek, 1, 0, 0, 4}, {spending, 1, 0, math.MaxUint32 - 1, 5}, {spending, 1, 0, 9, 5},
	} {
		if o.put(&item{Counter: Counter{Shared: keyOf(row.key)}, kind: row.kind, window: row.window, hits: row.hits}); len(o.waiting) != row.waiting {
			t.Errorf("%+v: %d wait", row, len(o.waiting))
		}
	}
	list := o.take()
	if list[0].hits != 3 || list[4].hits != math.MaxUint32 || len(o.waiting) != 0 || len(o.at) != 0 || o.reports != 0 {
		t.Errorf("%+v, %+v, left are %+v", list[0], list[4], o)
	}
}

// TestOutboxBounds: reports have their own places, and one call takes the oldest.
func TestOutboxBounds(t *testing.T) {
	o := newOutbox()
	refused := map[kind]int{}
	for i := range 5000 {
		for _, k := range []kind{failure, peek} {
			if !o.put(&item{Counter: Counter{Shared: keyOf(i)}, kind: k, ends: int64(i)}) {
				refused[k]++
			}
		}
	}
	if refused[failure] != 5000-maxReports || refused[peek] != 5000-maxPeeks {
		t.Errorf("refused were %v", refused)
	}
	if list := o.take(); len(list) != maxItems || list[2].Shared != keyOf(1) || o.reports != maxReports-maxItems/2 {
		t.Errorf("%d are taken, %d reports are left", len(list), o.reports)
	}
	if lost := o.expire(4094, false); lost != 0 || len(o.waiting) != 1 || o.reports != 1 || len(o.at) != 1 {
		t.Errorf("without hits, %d were lost, %d wait", lost, len(o.waiting))
	}
}

// TestOutboxExpires counts what nobody was told about.
func TestOutboxExpires(t *testing.T) {
	o := newOutbox()
	for i, k := range []kind{failure, failure, peek, unlock, confirm} {
		o.put(&item{Counter: Counter{Shared: keyOf(i)}, kind: k, hits: 10, ends: int64(100 * (1 + i%2))})
	}
	if lost := o.expire(100, true); lost != 10 || len(o.waiting) != 2 {
		t.Errorf("%d are lost, %d wait", lost, len(o.waiting))
	}
	if lost := o.expire(200, true); lost != 20 || len(o.waiting) != 0 || o.reports != 0 {
		t.Errorf("%d are lost, %d wait", lost, len(o.waiting))
	}
}

// TestMemory: a counter is due again after its time, when another one took its place, and when
// the clock was set back far.
func TestMemory(t *testing.T) {
	m := make(memory, places)
	key := keyOf(1)
	for i, row := range []struct {
		now int64
		due bool
	}{{1000, true}, {1000, false}, {5999, false}, {6000, true}, {6001, false}, {6001 - 2*longestUnit, true}} {
		if due := m.isDue(key, row.now, 5000); due != row.due {
			t.Errorf("row %d: due is %v", i, due)
		}
	}
	other := keyOf(2)
	for i := 3; m.at(other) != m.at(key); i++ {
		other = keyOf(i)
	}
	m.seen(key, 9000)
	if m.forget(other); m.isDue(key, 8000, 1) {
		t.Error("it was forgotten instead of another one")
	}
	if m.isDue(other, 8000, 5000); !m.isDue(key, 8000, 5000) {
		t.Error("two counters are in one place")
	}
	if m.forget(key); !m.isDue(key, 8000, 5000) {
		t.Error("it was not forgotten")
	}
}

// TestCarry: what is given back is taken once, by the same counter in the same window.
func TestCarry(t *testing.T) {
	c := carry{}
	one, next := carried{keyOf(1), 5}, carried{keyOf(1), 6}
	c.put(one, 7, 1000)
	c.put(one, 0, 1000)
	for i, row := range []struct {
		key        carried
		cost, took uint32
	}{{next, 3, 0}, {one, 3, 3}, {one, 10, 4}, {one, 1, 0}} {
		if took := c.take(row.key, row.cost); took != row.took {
			t.Errorf("row %d: took %d", i, took)
		}
	}
	c.put(one, math.MaxUint32, 1000)
	c.put(one, math.MaxUint32, 1000)
	if c[one].units != math.MaxUint32 {
		t.Errorf("it overflows: %d", c[one].units)
	}
	for i := range 2 * maxCarry {
		c.put(carried{keyOf(i), 0}, 1, 2000)
	}
	if len(c) != maxCarry {
		t.Errorf("%d are carried", len(c))
	}
	if c.expire(1000); len(c) != maxCarry-1 {
		t.Errorf("%d are carried after the first window", len(c))
	}
	if c.expire(2000); len(c) != 0 {
		t.Errorf("%d are carried after all windows", len(c))
	}
}
