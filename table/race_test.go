package table

import (
	"fmt"
	"sync"
	"testing"
)

const raceNow = 1_000_000

// increment counts an event in a window that no test outlasts.
func increment(r Record, _ uint8, now int64) (Record, bool) {
	r.Count++
	r.WindowEnd = max(r.WindowEnd, now+600*seconds)
	return r, true
}

func count(table *Table, key Key) int {
	r, _, _ := table.Get(key, &handClock{now: raceNow})
	return int(r.Count)
}

// Other workers get in between a worker's Get and its Set, so many times in a
// row: each costs a retry when it changed the same set, and no count is lost.
func TestLostRacesAreRetriedAndNoCountIsLost(t *testing.T) {
	forget := func(Record, uint8, int64) (Record, bool) { return Record{}, true }
	for i, step := range []struct {
		name        string
		before      int // counts before
		between     int // how many times another worker gets in between
		other       string
		do          Change
		want        Result
		count, rest int // of the key, and of the other's
	}{
		{"nobody else", 0, 0, "key", increment, Result{}, 1, 1},
		{"nobody else, again", 4, 0, "key", increment, Result{}, 5, 5},
		{"the set is created in between", 0, 1, "key", increment, Result{Retries: 1}, 2, 2},
		{"another key creates the set in between", 0, 1, "neighbour", increment, Result{Retries: 1}, 1, 1},
		{"the same key", 3, 1, "key", increment, Result{Retries: 1}, 5, 5},
		{"the same key, many times", 3, 100, "key", increment, Result{Retries: 100}, 104, 104},
		{"the same key, as often as can be", 3, maxTries - 1, "key", increment, Result{Retries: maxTries - 1}, 3 + maxTries, 3 + maxTries},
		{"the same key, too often", 3, maxTries, "key", increment, Result{Outcome: Contended, Retries: maxTries}, 3 + maxTries, 3 + maxTries},
		{"another key in the set", 3, 7, "neighbour", increment, Result{Retries: 7}, 4, 7},
		{"the record is removed in between", 3, 1, "key", forget, Result{Retries: 1}, 1, 1},
		{"a key in another set", 3, 7, "elsewhere", increment, Result{}, 4, 1},
	} {
		data := newSharedData()
		mine, theirs := data.worker(), data.worker()
		counters := Ways
		if step.other == "elsewhere" {
			counters = 64 * Ways
		}
		a, b := New(mine, testSeed, counters), New(theirs, testSeed, counters)
		key, other := a.Key([]byte("key")), b.Key([]byte(step.other))
		if elsewhere := string(a.locate(key)) != string(b.locate(other)); elsewhere != (step.other == "elsewhere") {
			t.Fatalf("step %d, %s: choose another name", i+1, step.name)
		}
		for range step.before {
			a.Update(key, raceNow, increment)
		}
		left := step.between
		mine.beforeSet = func() {
			if left > 0 {
				left--
				b.Update(other, raceNow, step.do)
			}
		}
		got := a.Update(key, raceNow, increment)
		if got != step.want || count(b, key) != step.count || count(b, other) != step.rest {
			t.Errorf("step %d, %s: %+v, counts %d and %d; want %+v, %d and %d", i+1, step.name,
				got, count(b, key), count(b, other), step.want, step.count, step.rest)
		}
	}
}

// A lost race changes what the next try starts from, and even its outcome.
func TestEachTryStartsFromWhatIsThereThen(t *testing.T) {
	data := newSharedData()
	mine := data.worker()
	a, b := New(mine, testSeed, Ways), New(data.worker(), testSeed, Ways)
	key := a.Key([]byte("key"))
	var seen []uint32
	mine.beforeSet = func() {
		if len(seen) < 3 {
			b.Update(key, raceNow, increment)
		}
	}
	got := a.Update(key, raceNow, func(r Record, floor uint8, now int64) (Record, bool) {
		if seen = append(seen, r.Count); r.Count == 2 {
			return r, false // the limit was reached meanwhile
		}
		return increment(r, floor, now)
	})
	if got != (Result{Outcome: Unchanged, Retries: 2}) || fmt.Sprint(seen) != "[0 1 2]" || count(b, key) != 2 {
		t.Errorf("%+v, tries saw %d, count %d", got, seen, count(b, key))
	}
}

func TestSetThatFillsUpInBetweenIsFull(t *testing.T) {
	data := newSharedData()
	mine := data.worker()
	a, b := New(mine, testSeed, Ways), New(data.worker(), testSeed, Ways)
	mine.beforeSet = func() {
		for i := range Ways {
			b.Update(b.Key([]byte{byte(i)}), raceNow, func(Record, uint8, int64) (Record, bool) {
				return Record{LockedUntil: raceNow + 1}, true
			})
		}
	}
	if got := a.Update(a.Key([]byte("key")), raceNow, increment); got != (Result{Outcome: Full, Retries: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestUpdateIsContendedAfterMaxTries(t *testing.T) {
	store := newSharedData().worker()
	store.refuse = true
	table := New(store, testSeed, Ways)
	calls := 0
	got := table.Update(table.Key([]byte("key")), raceNow, func(r Record, f uint8, now int64) (Record, bool) {
		calls++
		return increment(r, f, now)
	})
	if got != (Result{Outcome: Contended, Retries: maxTries}) || calls != maxTries || store.sets != maxTries || store.gets != maxTries {
		t.Errorf("%+v after %d calls, %d reads, %d writes", got, calls, store.gets, store.sets)
	}
	if len(store.data.cells) > 0 {
		t.Error("something was stored")
	}
}

func TestUpdateIsFullWhenAllOfTheSetIsLocked(t *testing.T) {
	const end = raceNow + 1000
	table := lockedTable(raceNow, end)
	key := table.Key([]byte("newcomer"))
	for i, step := range []struct {
		key  Key
		now  int64
		want Outcome
	}{
		{key, raceNow, Full},
		{key, end - 1, Full},
		{table.Key([]byte{0}), end - 1, Stored}, // a locked record itself changes
		{key, end, Stored},
	} {
		if got := table.Update(step.key, step.now, increment); got != (Result{Outcome: step.want}) {
			t.Errorf("step %d: %+v, want outcome %d", i+1, got, step.want)
		}
	}
}

func TestLoadSeedGivesAllWorkersTheSeedOfTheFirst(t *testing.T) {
	mine, theirs := Seed{1}, Seed{2}
	for i, step := range []struct {
		name    string
		there   []byte // nil: nothing
		between bool   // another worker gets in between
		want    Seed
	}{
		{"the first", nil, false, mine},
		{"another was first", theirs[:], false, theirs},
		{"another was first by a hair", nil, true, theirs},
		{"a value that is no seed", []byte("short"), false, mine},
		{"an empty value", []byte{}, false, mine},
		{"a value longer than a seed", make([]byte, len(Seed{})+1), false, mine},
		{"another was first to replace it", []byte("short"), true, theirs},
	} {
		data := newSharedData()
		store, other := data.worker(), data.worker()
		if step.there != nil {
			other.Set([]byte(seedKey), step.there, createOnly)
		}
		if step.between {
			store.beforeSet = func() { seedOf(other, theirs) }
		}
		got, ok := LoadSeed(store, mine)
		if next := seedOf(other, Seed{3}); !ok || got != step.want || next != got {
			t.Errorf("step %d, %s: seed %x, and then %x, want %x", i+1, step.name, got, next, step.want)
		}
		if data.blind > 0 {
			t.Errorf("step %d, %s: %d blind writes", i+1, step.name, data.blind)
		}
	}
}

func TestLoadSeedEndsWhenTheStoreRefuses(t *testing.T) {
	store := newSharedData().worker()
	store.refuse = true
	if got, ok := LoadSeed(store, testSeed); ok || got != (Seed{}) || store.sets != maxTries {
		t.Errorf("seed %x (%v) after %d tries", got, ok, store.sets)
	}
}

// 8 workers start at once, take the seed, and count 200,000 events.
func TestWorkersInParallelLoseNoCount(t *testing.T) {
	const workers, events = 8, 200_000
	for _, keys := range []int{1, 1000} {
		t.Run(fmt.Sprint("keys=", keys), func(t *testing.T) {
			data := newSharedData()
			var group sync.WaitGroup
			for w := range workers {
				group.Add(1)
				go func() {
					defer group.Done()
					store := data.worker()
					table := New(store, seedOf(store, Seed{byte(w + 1)}), 16384)
					for i := range events / workers {
						// Clocks of workers differ by up to the skew.
						now := raceNow + int64((i+w*100)%int(clockSkew))
						got := table.Update(name(table, (i+w)%keys), now, increment)
						if got.Outcome != Stored || got.Evicted {
							t.Errorf("worker %d, event %d: %+v", w, i, got)
							return
						}
					}
				}()
			}
			group.Wait()
			table := New(data.worker(), seedOf(data.worker(), Seed{}), 16384)
			for i := range keys {
				if got := count(table, name(table, i)); got != events/keys {
					t.Errorf("key %d: %d events, want %d", i, got, events/keys)
				}
			}
			if data.blind > 0 {
				t.Errorf("%d blind writes", data.blind)
			}
		})
	}
}

func name(table *Table, i int) Key { return table.Key([]byte{byte(i), byte(i >> 8)}) }

// What fills one table is not in another, and pushes nothing out of it.
func TestNamedTablesAreApart(t *testing.T) {
	data := newSharedData()
	first, second := New(data.worker(), testSeed, Ways), NewNamed(data.worker(), testSeed, "other", Ways)
	first.Update(name(first, 0), raceNow, increment)
	for i := range 100 {
		second.Update(name(second, i), raceNow, increment)
	}
	if got := count(first, name(first, 0)); got != 1 {
		t.Errorf("the first table's record has the count %d", got)
	}
	if got := len(data.cells); got != 2 {
		t.Errorf("%d keys in shared data, want one for each table", got)
	}
	if got := second.Update(name(second, 1000), raceNow, increment); !got.Evicted {
		t.Error("the second table is not full: the test shows nothing")
	}
	if got := first.Update(name(first, 1), raceNow, increment); got != (Result{}) {
		t.Errorf("a place in the first table: %+v", got)
	}
	if data.bytes() > first.MaxBytes()+second.MaxBytes() {
		t.Errorf("%d bytes, the tables promise %d and %d", data.bytes(), first.MaxBytes(), second.MaxBytes())
	}
}
