package table

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// modelSet is what a set must look like from outside: a plain map without a
// bound, and the clock that its records share.
type modelSet struct {
	touched int64
	records map[string]Record
	debts   []debt
}

// debt is what an evicted record left behind.
type debt struct {
	level uint8
	until int64
}

// follow restates the rule for clocks that step back.
func (m *modelSet) follow(now int64) (used int64, stepped bool) {
	back := m.touched - now
	if back <= 0 {
		return now, false
	}
	if back <= 1000 {
		return m.touched, false
	}
	for name, r := range m.records {
		r.WindowEnd = max(r.WindowEnd-back, 0)
		r.LockedUntil = max(r.LockedUntil-back, 0)
		r.ForgetAt = max(r.ForgetAt-back, 0)
		m.records[name] = r
	}
	for i := range m.debts {
		m.debts[i].until = max(m.debts[i].until-back, 0)
	}
	m.touched = now
	return now, true
}

// written drops what a write at the time now leaves out.
func (m *modelSet) written(now int64) {
	m.touched = now
	for name, r := range m.records {
		if !alive(r, now) {
			delete(m.records, name)
		}
	}
	if low, _ := m.floor(now); low == 0 {
		m.debts = nil
	}
}

// floor is the least and the most that a new record may be told.
func (m *modelSet) floor(now int64) (low, high uint8) {
	for _, d := range m.debts {
		high = max(high, d.level)
		if now < d.until {
			low = max(low, d.level)
		}
	}
	if low == 0 {
		return 0, 0
	}
	return low, high
}

func alive(r Record, now int64) bool {
	return now < r.WindowEnd || now < r.LockedUntil || now < r.ForgetAt
}

// get returns what Table.Get must, and whether anything is stored for the name.
func (m *modelSet) get(name string, now int64) (r Record, used int64, found, stored bool) {
	if _, stored = m.records[name]; !stored {
		return Record{}, 0, false, false
	}
	used, stepped := m.follow(now)
	r = m.records[name]
	if stepped {
		m.written(used)
	}
	return r, used, alive(r, used), true
}

// update returns what Table.Update must, and what it must have passed to
// change. Where a record is evicted, it is up to the table which.
func (m *modelSet) update(name string, now int64, floor uint8, change Change) (want Result, old Record, used int64) {
	used, stepped := m.follow(now)
	if r := m.records[name]; alive(r, used) {
		old, floor = r, 0
	}
	changed, ok := change(old, floor, used)
	locked, live := 0, 0
	for _, r := range m.records {
		if alive(r, used) {
			live++
		}
		if used < r.LockedUntil {
			locked++
		}
	}
	switch {
	case !ok || changed == Record{} && old == Record{}:
		want.Outcome = Unchanged
	case old == Record{} && locked == 16:
		want.Outcome = Full
	default:
		want.Evicted = old == Record{} && live == 16
	}
	if stepped || want.Outcome == Stored {
		m.written(used)
	}
	if want.Outcome == Stored {
		if delete(m.records, name); changed != (Record{}) {
			m.records[name] = changed
		}
	}
	return want, old, used
}

// player plays random operations on a table and on the model, and compares
// whatever can be seen after each step.
type player struct {
	rng     *rand.Rand
	data    *sharedData
	tables  []*Table // of several workers
	workers []*worker
	sets    map[uint64]*modelSet
	names   map[uint64]string // by fingerprint
	recent  []string
	now     int64
	lockOne int // of so many changes, one locks
	stats   stats
}

type stats struct{ found, stored, stepped, evicted, full, floors int }

func newPlayer(seed uint64, counters int) *player {
	p := &player{rng: newRand(seed), data: newSharedData(), sets: map[uint64]*modelSet{}, names: map[uint64]string{}}
	for range 3 {
		w := p.data.worker()
		p.workers = append(p.workers, w)
		p.tables = append(p.tables, New(w, seedOf(w, testSeed), counters))
	}
	p.now = []int64{1_750_000_000_000, 5_000, 0}[p.rng.IntN(3)]
	p.lockOne = []int{1, 2, 20}[p.rng.IntN(3)]
	return p
}

func (p *player) play(t *testing.T, steps, names int) {
	for step := range steps {
		p.tick()
		name := p.pick(names)
		var err error
		if p.rng.IntN(3) == 0 {
			err = p.get(name)
		} else {
			err = p.update(name)
		}
		if err == nil {
			err = p.compare(name)
		}
		if err != nil {
			t.Fatalf("step %d, at %d, %s: %v", step, p.now, name, err)
		}
	}
}

// tick moves the clock: mostly on, sometimes far, sometimes back.
func (p *player) tick() {
	switch n := p.rng.IntN(100); {
	case n < 60:
		p.now += p.rng.Int64N(2 * seconds)
	case n < 65:
		p.now += p.rng.Int64N(900 * seconds)
	case n < 80:
		p.now -= p.rng.Int64N(clockSkew + 1)
	case n < 90:
		p.now -= p.rng.Int64N(200 * seconds)
	}
	p.now = max(p.now, 0)
}

// pick returns one of many names, or one that was there lately.
func (p *player) pick(names int) string {
	if len(p.recent) > 0 && p.rng.IntN(2) == 0 {
		return p.recent[p.rng.IntN(len(p.recent))]
	}
	name := fmt.Sprint("client ", p.rng.IntN(names))
	if p.recent = append(p.recent, name); len(p.recent) > 40 {
		p.recent = p.recent[1:]
	}
	return name
}

// change returns a random change that depends on its arguments alone.
func (p *player) change() Change {
	length := 1 + p.rng.Int64N(300*seconds)
	some := Record{
		Count: p.rng.Uint32N(9), Level: uint8(p.rng.Uint32N(256)), Strikes: uint8(p.rng.Uint32N(3)),
		WindowEnd:   max(p.now-100*seconds+p.rng.Int64N(300*seconds), 0),
		LockedUntil: max(p.now-100*seconds+p.rng.Int64N(150*seconds), 0),
		ForgetAt:    max(p.now-100*seconds+p.rng.Int64N(300*seconds), 0),
	}
	if p.rng.IntN(p.lockOne) == 0 {
		return func(r Record, _ uint8, now int64) (Record, bool) {
			r.LockedUntil, r.ForgetAt = now+length, now+2*length
			r.Strikes++
			return r, true
		}
	}
	switch p.rng.IntN(10) {
	case 0:
		return func(Record, uint8, int64) (Record, bool) { return Record{}, true }
	case 1:
		return func(r Record, _ uint8, _ int64) (Record, bool) { return r, false }
	case 2:
		return func(Record, uint8, int64) (Record, bool) { return some, true }
	}
	return func(r Record, floor uint8, now int64) (Record, bool) {
		if now >= r.WindowEnd {
			r.Count, r.Level, r.WindowEnd = 0, floor, now+length
		}
		r.Count++
		r.Level = min(r.Level, 239) + 16
		return r, true
	}
}

func (p *player) model(key Key) *modelSet {
	place := key.place & p.tables[0].mask
	if p.sets[place] == nil {
		p.sets[place] = &modelSet{records: map[string]Record{}}
	}
	return p.sets[place]
}

func (p *player) get(name string) error {
	i := p.rng.IntN(len(p.tables))
	table, worker, clock := p.tables[i], p.workers[i], &handClock{now: p.now}
	key := table.Key([]byte(name))
	model := p.model(key)
	before := model.touched
	gets := worker.gets
	r, now, found := table.Get(key, clock)
	wantR, wantNow, wantFound, stored := model.get(name, p.now)
	if found != wantFound || found && (r != wantR || now != wantNow) {
		return fmt.Errorf("Get: %+v at %d, found %v; want %+v at %d, %v", r, now, found, wantR, wantNow, wantFound)
	}
	if asked := clock.asked > 0; asked != stored {
		return fmt.Errorf("Get: clock asked %d times, record stored: %v", clock.asked, stored)
	}
	if stepped := model.touched < before; !stepped && worker.gets != gets+1 {
		return fmt.Errorf("Get: %d reads", worker.gets-gets)
	}
	if found {
		p.stats.found++
	}
	return nil
}

func (p *player) update(name string) error {
	table := p.tables[p.rng.IntN(len(p.tables))]
	key := table.Key([]byte(name))
	model := p.model(key)
	p.names[key.fingerprint] = name
	change, calls := p.change(), 0
	var seen Record
	var seenFloor uint8
	var seenNow int64
	got := table.Update(key, p.now, func(r Record, floor uint8, now int64) (Record, bool) {
		calls++
		seen, seenFloor, seenNow = r, floor, now
		return change(r, floor, now)
	})
	before := model.touched
	want, old, used := model.update(name, p.now, seenFloor, change)
	if got != want || calls != 1 {
		return fmt.Errorf("Update: %+v after %d calls, want %+v after 1", got, calls, want)
	}
	if seen != old || seenNow != used {
		return fmt.Errorf("Change was given %+v at %d, want %+v at %d", seen, seenNow, old, used)
	}
	low, high := model.floor(used)
	if old != (Record{}) {
		low, high = 0, 0
	}
	if seenFloor < low || seenFloor > high {
		return fmt.Errorf("Change was given the floor %d, want %d to %d", seenFloor, low, high)
	}
	p.stats.count(got, seenFloor, model.touched < before)
	if got.Evicted {
		return p.evict(table, key, used)
	}
	return nil
}

func (s *stats) count(r Result, floor uint8, stepped bool) {
	if r.Outcome == Stored {
		s.stored++
	}
	if r.Outcome == Full {
		s.full++
	}
	if r.Evicted {
		s.evicted++
	}
	if floor > 0 {
		s.floors++
	}
	if stepped {
		s.stepped++
	}
}

// evict finds out which record had to go for key's, and whether it was one
// that may: not locked, and none of those not locked mattered less.
func (p *player) evict(table *Table, key Key, now int64) error {
	model, left := p.model(key), p.peek(table, key)
	var gone []string
	for name := range model.records {
		if left.find(table.Key([]byte(name)).fingerprint) < 0 {
			gone = append(gone, name)
		}
	}
	if len(gone) != 1 {
		return fmt.Errorf("evicted: %q", gone)
	}
	victim := model.records[gone[0]]
	delete(model.records, gone[0])
	if now < victim.LockedUntil {
		return fmt.Errorf("evicted %s, which is locked until %d", gone[0], victim.LockedUntil)
	}
	for name, r := range model.records {
		if p.names[key.fingerprint] != name && now >= r.LockedUntil && importance(r, now) < importance(victim, now) {
			return fmt.Errorf("evicted %+v before %+v", victim, r)
		}
	}
	if now < victim.WindowEnd && victim.Level > 0 {
		model.debts = append(model.debts, debt{victim.Level, victim.WindowEnd})
	}
	return nil
}

func importance(r Record, now int64) int {
	switch {
	case now < r.WindowEnd:
		return int(r.Level)
	case r.Strikes > 0:
		return 1
	}
	return 0
}

func (p *player) peek(table *Table, key Key) *set {
	s := new(set)
	if c := p.data.cells[string(table.locate(key))]; c != nil {
		s.decode(c.value)
	}
	return s
}

// compare holds the set of name against the model, record by record, and the
// memory against its bound.
func (p *player) compare(name string) error {
	table := p.tables[0]
	key := table.Key([]byte(name))
	model, s := p.model(key), p.peek(table, key)
	if s.count != len(model.records) || s.touched != model.touched {
		return fmt.Errorf("%d records touched at %d, want %d at %d", s.count, s.touched, len(model.records), model.touched)
	}
	for i := range s.count {
		e := &s.entries[i]
		if want := model.records[p.names[e.fingerprint]]; e.Record != want {
			return fmt.Errorf("%s is %+v, want %+v", p.names[e.fingerprint], e.Record, want)
		}
	}
	if p.data.blind > 0 {
		return fmt.Errorf("%d blind writes", p.data.blind)
	}
	if keys := len(p.data.cells); keys > table.Capacity()/Ways+1 {
		return fmt.Errorf("%d keys for %d records", keys, table.Capacity())
	}
	if len(p.data.cells) < 10 && p.data.bytes() > table.MaxBytes() {
		return fmt.Errorf("%d bytes of at most %d", p.data.bytes(), table.MaxBytes())
	}
	return nil
}

// As long as nothing need be evicted, the table is a map: random operations at
// random times, steps back included, give in every step what the model gives.
// Repeat a failing case with -run 'TestTable.../seed=N$'.
func TestTableIsAMapWhileNothingIsEvicted(t *testing.T) {
	t.Parallel()
	var total stats
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			p := newPlayer(seed, []int{256, 1024, 65536}[seed%3])
			p.play(t, 500, 48)
			if p.stats.evicted+p.stats.full+p.stats.floors > 0 {
				t.Fatalf("%+v", p.stats)
			}
			total.add(p.stats)
		})
	}
	t.Logf("%+v", total)
	if total.found < 1000 || total.stored < 1000 || total.stepped < 1000 {
		t.Errorf("this tests too little: %+v", total)
	}
}

// When thousands of keys press into a few sets, then in every step
//   - a record is lost only by its own change, by its end, or to a new record
//     in a set of [Ways] live ones; never while it is locked, and never before
//     one that is not locked and matters less;
//   - a new record is refused only in a set of [Ways] locked ones;
//   - a new record is told a floor of at least the level of every record that
//     was evicted from its set in a window that still lasts, and 0 if there is
//     none; so a key that returns within its window can go on where it was;
//   - the store holds no more keys and bytes than MaxBytes says.
func TestTableUnderPressureEvictsByTheRules(t *testing.T) {
	t.Parallel()
	var total stats
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			p := newPlayer(seed, []int{16, 32, 64}[seed%3])
			p.play(t, 400, 5000)
			total.add(p.stats)
		})
	}
	t.Logf("%+v", total)
	if total.evicted < 300 || total.full < 300 || total.floors < 300 || total.stepped < 300 {
		t.Errorf("this tests too little: %+v", total)
	}
}

func (s *stats) add(o stats) {
	s.found += o.found
	s.stored += o.stored
	s.stepped += o.stepped
	s.evicted += o.evicted
	s.full += o.full
	s.floors += o.floors
}

// A lock of 60 seconds, seen from outside. Remaining time never grows beyond
// what it was at the last write, and all time that passes after a step counts.
func TestLockOutlivesNoStepOfTheClock(t *testing.T) {
	const begin = 10_000 * seconds
	leave := func(r Record, _ uint8, _ int64) (Record, bool) { return r, false }
	type step struct {
		now  int64
		do   string // get; leave: an update without a change; other: another key's update
		left int64  // -1: no longer locked
	}
	for name, steps := range map[string][]step{
		"no step": {
			{begin, "get", 60_000}, {begin + 59_999, "get", 1}, {begin + 60_000, "get", -1},
		},
		"small skew does not count": {
			{begin - 1000, "get", 60_000}, {begin - 1, "get", 60_000}, {begin + 1, "get", 59_999},
		},
		"back, seen by reads": {
			{begin - 3_600_000, "get", 60_000}, {begin - 3_590_000, "get", 50_000}, {begin - 3_540_000, "get", -1},
		},
		"back, seen by another key": {
			{begin - 3_600_000, "other", 60_000}, {begin - 3_590_000, "get", 50_000}, {begin - 3_540_000, "get", -1},
		},
		"back, seen by an update that changes nothing": {
			{begin - 3_600_000, "leave", 60_000}, {begin - 3_590_000, "leave", 50_000}, {begin - 3_540_000, "leave", -1},
		},
		"back twice": {
			{begin - 20_000, "get", 60_000}, {begin - 10_000, "other", 50_000},
			{begin - 40_000, "get", 50_000}, {begin + 9_999, "get", 1}, {begin + 10_000, "get", -1},
		},
		"back and forward again": {
			{begin - 20_000, "get", 60_000}, {begin + 10_000, "get", 30_000}, {begin + 40_000, "get", -1},
		},
		"forward beyond its end": {
			{begin + 3_600_000, "get", -1},
		},
		"to the beginning of time": {
			{0, "get", 60_000}, {59_999, "get", 1}, {60_000, "get", -1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := New(newSharedData().worker(), testSeed, Ways)
			key, other := table.Key([]byte("locked")), table.Key([]byte("other"))
			table.Update(key, begin, func(Record, uint8, int64) (Record, bool) {
				return Record{LockedUntil: begin + 60_000}, true
			})
			for i, s := range steps {
				var left int64
				switch s.do {
				case "leave":
					table.Update(key, s.now, func(r Record, f uint8, now int64) (Record, bool) {
						left = r.LockedUntil - now
						return leave(r, f, now)
					})
				case "other":
					table.Update(other, s.now, countOne)
					fallthrough
				default:
					r, now, _ := table.Get(key, &handClock{now: s.now})
					left = r.LockedUntil - now
				}
				if left = max(left, -1); left <= 0 {
					left = -1
				}
				if left != s.left {
					t.Errorf("step %d: %d ms left, want %d", i+1, left, s.left)
				}
			}
		})
	}
}

func TestFullSetOfLocksOpensInTimeAfterTheClockSteppedBack(t *testing.T) {
	const begin = 10_000 * seconds
	table := lockedTable(begin, begin+60_000)
	key := table.Key([]byte("newcomer"))
	for i, step := range []struct {
		now  int64
		want Outcome
	}{
		{begin, Full}, {begin + 59_000, Full},
		{begin - 3_600_000, Full}, {begin - 3_540_001, Full}, {begin - 3_540_000, Stored},
	} {
		if got := table.Update(key, step.now, countOne); got != (Result{Outcome: step.want}) {
			t.Errorf("step %d: %+v, want outcome %d", i+1, got, step.want)
		}
	}
}

// lockedTable returns a table of one set, full of records locked until end.
func lockedTable(now, end int64) *Table {
	table := New(newSharedData().worker(), testSeed, Ways)
	for i := range Ways {
		table.Update(table.Key([]byte{byte(i)}), now, func(Record, uint8, int64) (Record, bool) {
			return Record{LockedUntil: end}, true
		})
	}
	return table
}

func TestKeyIsOneForEachSequenceOfParts(t *testing.T) {
	table := New(newSharedData().worker(), testSeed, 1024)
	seen := map[Key]string{}
	check := func(parts ...[]byte) {
		name, key := fmt.Sprintf("%q", parts), table.Key(parts...)
		if other, found := seen[key]; found && other != name {
			t.Errorf("%s and %s have the same key", name, other)
		}
		if key != table.Key(parts...) {
			t.Errorf("%s has two keys", name)
		}
		seen[key] = name
	}
	// All ways to cut what might be a key in two and three, empty parts
	// included, where the text holds what a length looks like, too.
	for _, text := range []string{"", "rest10.0.0.1", "aaaaaaaa", "\x00\x00\x00\x00\x00\x00\x00\x00", "\x01\x00\x00\x00a\x01\x00\x00\x00b"} {
		b := []byte(text)
		check(b)
		for i := range len(b) + 1 {
			check(b[:i], b[i:])
			for j := i; j <= len(b); j++ {
				check(b[:i], b[i:j], b[j:])
			}
		}
	}
	check()
	check(nil, nil, nil, nil)
	if len(seen) < 290 {
		t.Errorf("only %d sequences", len(seen))
	}
}

func TestKeyDependsOnTheSeed(t *testing.T) {
	a := New(newSharedData().worker(), testSeed, 65536)
	b := New(newSharedData().worker(), Seed{1}, 65536)
	same := 0
	for i := range 4096 {
		name := fmt.Append(nil, i)
		ka, kb := a.Key(name), b.Key(name)
		if ka.fingerprint == kb.fingerprint || a.Hash(name) == b.Hash(name) {
			t.Fatalf("name %d has the same fingerprint with either seed", i)
		}
		if string(a.locate(ka)) == string(b.locate(kb)) {
			same++
		}
	}
	if same > 10 { // of 4096 names in 4096 sets, one by chance
		t.Errorf("%d names of 4096 are in the same set with either seed", same)
	}
}

func TestHashIsNotTheKeyOfItsData(t *testing.T) {
	table := New(newSharedData().worker(), testSeed, Ways)
	if secret := []byte("secret"); table.Hash(secret) == table.Key(secret).fingerprint {
		t.Error("a log would show where the record is")
	}
}

// What Ways promises: one set in 270 is too small for a table half full.
func TestKeysSpreadSoThatOneSetIn270IsTooSmallAtHalf(t *testing.T) {
	t.Parallel()
	table := New(newSharedData().worker(), testSeed, 1<<17)
	sets := make([]int, table.Capacity()/Ways)
	for i := range table.Capacity() / 2 {
		sets[table.Key(fmt.Append(nil, i)).place&table.mask]++
	}
	small := 0
	for _, n := range sets {
		if n > Ways {
			small++
		}
	}
	want := len(sets) / 270 // 30, give or take 6
	if math.Abs(float64(small-want)) > 20 {
		t.Errorf("%d sets of %d are too small, want about %d", small, len(sets), want)
	}
}

func TestGetIsOneReadAndAsksTheClockForARecordOnly(t *testing.T) {
	store := newSharedData().worker()
	table := New(store, testSeed, Ways)
	key, other := table.Key([]byte("key")), table.Key([]byte("other"))
	for i, step := range []struct {
		name        string
		update      Key // zero: none
		now         int64
		found       bool
		asked, sets int
	}{
		{"no set", Key{}, 1000, false, 0, 0},
		{"a set without the record", other, 1000, false, 0, 0},
		{"a record", key, 1000, true, 1, 0},
		{"a record, clock skewed", Key{}, 0, true, 1, 0},
		{"a record, later", Key{}, 60_999, true, 1, 0},
		{"a record that is over", Key{}, 61_000, false, 1, 0},
		{"another record is over", other, 100_000, false, 0, 0},
		{"the clock stepped back, no record", Key{}, 90_000, false, 0, 0},
		{"again a record", key, 100_000, true, 1, 0},
		{"the clock stepped back", Key{}, 90_000, true, 1, 1},
		{"and goes on", Key{}, 90_001, true, 1, 0},
	} {
		if step.update != (Key{}) {
			table.Update(step.update, step.now, countOne)
		}
		clock := &handClock{now: step.now}
		gets, sets := store.gets, store.sets
		r, now, found := table.Get(key, clock)
		gets, sets = store.gets-gets-step.sets, store.sets-sets // a write reads first
		if found != step.found || clock.asked != step.asked || gets != 1 || sets != step.sets {
			t.Errorf("step %d, %s: found %v, clock asked %d times, %d reads, %d writes", i+1, step.name, found, clock.asked, gets, sets)
		}
		if step.asked == 0 && (r != (Record{}) || now != 0) {
			t.Errorf("step %d, %s: %+v at %d", i+1, step.name, r, now)
		}
	}
}

func TestNewHoldsAtLeastTheCountersAskedFor(t *testing.T) {
	for _, c := range []struct{ counters, capacity int }{
		{-1, 16}, {0, 16}, {1, 16}, {16, 16}, {17, 32}, {32, 32}, {33, 64}, {65536, 65536}, {65537, 131072},
	} {
		if got := New(nil, testSeed, c.counters).Capacity(); got != c.capacity {
			t.Errorf("%d counters: capacity %d, want %d", c.counters, got, c.capacity)
		}
	}
}

func TestNewEndsForTheLargestNumber(t *testing.T) {
	if sets, want := New(nil, testSeed, math.MaxInt).mask+1, uint64(math.MaxInt/Ways+1); sets != want {
		t.Errorf("%d sets, want %d", sets, want)
	}
}

func TestUpdateChangesNothingInTheStoreWithoutAChange(t *testing.T) {
	const now = 1000
	for name, c := range map[string]struct {
		table  *Table
		change Change
		want   Outcome
	}{
		"refused by the change": {New(newSharedData().worker(), testSeed, Ways), func(r Record, _ uint8, _ int64) (Record, bool) {
			return Record{Count: 1, WindowEnd: now + 1}, false
		}, Unchanged},
		"removal of no record": {New(newSharedData().worker(), testSeed, Ways), func(Record, uint8, int64) (Record, bool) {
			return Record{}, true
		}, Unchanged},
		"full": {lockedTable(now, now+1), countOne, Full},
	} {
		store := c.table.store.(*worker)
		sets := store.sets
		if got := c.table.Update(c.table.Key([]byte("key")), now, c.change); got != (Result{Outcome: c.want}) || store.sets != sets {
			t.Errorf("%s: %+v, %d writes", name, got, store.sets-sets)
		}
	}
}

// A value of another version is counted over, never blindly.
func TestUpdateReplacesAForeignValue(t *testing.T) {
	for _, foreign := range [][]byte{{}, []byte("foreign"), slices.Repeat([]byte{255}, 2000)} {
		store := newSharedData().worker()
		table := New(store, testSeed, Ways)
		key := table.Key([]byte("key"))
		store.Set(table.locate(key), foreign, createOnly)
		if got := table.Update(key, 1000, countOne); got != (Result{}) || store.data.blind > 0 {
			t.Errorf("%.9q: %+v, %d blind writes", foreign, got, store.data.blind)
		}
		if r, _, found := table.Get(key, &handClock{now: 1000}); !found || r.Count != 1 {
			t.Errorf("%.9q: %+v, found %v", foreign, r, found)
		}
	}
}

// A key that was written down finds the record in a table of the same size.
func TestLocator(t *testing.T) {
	store := newSharedData().worker()
	for _, counters := range []int{1, 17, 1024, 65536, 4194304} {
		table := New(store, testSeed, counters)
		key := table.Key([]byte("one"))
		table.Update(key, 5, func(Record, uint8, int64) (Record, bool) { return Record{Count: 7, WindowEnd: 100}, true })
		read, ok := ReadKey(key.Append(nil))
		again := NewSized(store, Seed{}, table.Size())
		r, _, found := again.Get(read, &handClock{now: 5})
		if !ok || !found || r.Count != 7 || again.Capacity() != table.Capacity() {
			t.Errorf("%d counters: size %d, found %v %+v", counters, table.Size(), found, r)
		}
	}
	for _, size := range []int{0, KeySize - 1, KeySize + 1} {
		if _, ok := ReadKey(make([]byte, size)); ok {
			t.Errorf("%d bytes are a key", size)
		}
	}
	if table := NewSized(store, testSeed, 255); table.Size() != MaxSize {
		t.Errorf("a table of size %d", table.Size())
	}
}

// Swap loses no race, and gives up on a store that refuses everything.
func TestSwap(t *testing.T) {
	worker := newSharedData().worker()
	count := func(value []byte) ([]byte, bool) { return append(bytes.Clone(value), 'x'), true }
	other := worker.data.worker()
	worker.beforeSet = func() { worker.beforeSet = nil; Swap(other, []byte("k"), count) }
	for range 2 {
		if !Swap(worker, []byte("k"), count) {
			t.Error("gave up")
		}
	}
	if value, _, _ := other.Get([]byte("k")); string(value) != "xxx" || worker.data.blind > 0 {
		t.Errorf("got %q, %d blind writes", value, worker.data.blind)
	}
	sets := worker.sets
	if !Swap(worker, []byte("k"), func([]byte) ([]byte, bool) { return nil, false }) || worker.sets != sets {
		t.Error("what is to stay was written")
	}
	worker.refuse = true
	if Swap(worker, []byte("k"), count) {
		t.Error("refused, and done")
	}
}
