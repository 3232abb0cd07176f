package register

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// store is shared data as Envoy has it. before runs before each write, as another
// worker might.
type store struct {
	data   map[string][]byte
	cas    map[string]uint32
	last   uint32
	before func()
	sets   int
}

func newStore() *store { return &store{data: map[string][]byte{}, cas: map[string]uint32{}} }

func (s *store) Get(key []byte) ([]byte, uint32, bool) {
	value, found := s.data[string(key)]
	return bytes.Clone(value), s.cas[string(key)], found
}

func (s *store) Set(key, value []byte, cas uint32) bool {
	if do := s.before; do != nil {
		s.before = nil
		do()
	}
	if now, found := s.cas[string(key)]; found && now != cas {
		return false
	}
	s.sets++
	s.last++
	s.data[string(key)], s.cas[string(key)] = bytes.Clone(value), s.last
	return true
}

func (s *store) bytes() (n int) {
	for key, value := range s.data {
		n += len(key) + len(value)
	}
	return n
}

func keyOf(n uint64) table.Key {
	key, _ := table.ReadKey(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, n*0x9E3779B97F4A7C15), n))
	return key
}

func list(r *Register, now int64) (found map[table.Key]Lockout, complete bool) {
	found = map[table.Key]Lockout{}
	complete = r.List(now, func(l Lockout) { found[l.Key] = l })
	return found, complete
}

// TestAgainstModel: under random lockouts, pardons, races and time, the register lists
// exactly those of a map that has no bounds; where it cannot, it says so for as long as
// what it lost may last.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		data := newStore()
		workers := []*Register{New(data), New(data), New(data)}
		model, now := map[table.Key]Lockout{}, int64(1000)
		keys := []uint64{300, 20_000}[seed%2] // few, and more than there is room for
		act := func(w *Register) {
			key := keyOf(random.Uint64N(keys))
			if random.IntN(4) == 0 {
				w.Remove(model[key])
				delete(model, key)
				return
			}
			l := Lockout{
				Key: key, Size: uint8(random.IntN(19)), What: What(random.IntN(int(whats))), Surface: "s" + strconv.Itoa(random.IntN(9)),
				Client: "192.0.2.1", Subject: random.Uint64(), Since: now, Until: now + random.Int64N(600_000),
			}
			if random.IntN(5) == 0 {
				l.By = "alice"
			}
			w.Put(l, now)
			model[key] = l
		}
		for range 10_000 {
			now += random.Int64N(20)
			if random.IntN(10) == 0 {
				data.before = func() { act(workers[2]) }
			}
			act(workers[random.IntN(2)])
		}
		data.before = nil
		got, complete := list(workers[0], now)
		missing := 0
		for key, want := range model {
			l, found := got[key]
			switch {
			case found && l != want:
				t.Fatalf("seed %d: got %+v, want %+v", seed, l, want)
			case !found && now < want.Until:
				missing++
			}
		}
		for key := range got {
			if _, known := model[key]; !known {
				t.Fatalf("seed %d: %+v is listed, but was removed", seed, got[key])
			}
		}
		if complete && missing > 0 || missing > 0 != (keys > 300) {
			t.Errorf("seed %d: %d missing, complete: %v", seed, missing, complete)
		}
		if _, complete = list(workers[1], now+600_000); !complete {
			t.Errorf("seed %d: incomplete for ever", seed)
		}
		if data.bytes() > MaxBytes {
			t.Errorf("seed %d: %d bytes, at most %d", seed, data.bytes(), MaxBytes)
		}
	}
}

// TestLeast: of a full set, what is over goes first, then the oldest that nobody made
// by hand.
func TestLeast(t *testing.T) {
	full := func(change func(i int, l *Lockout)) *set {
		s := &set{}
		for i := range ways {
			l := Lockout{Key: keyOf(uint64(i)), Since: int64(100 + i), Until: 1000}
			change(i, &l)
			s.lockouts = append(s.lockouts, l)
		}
		return s
	}
	for _, row := range []struct {
		name      string
		change    func(i int, l *Lockout)
		gone      int
		complete  bool
		lostUntil int64
	}{
		{"the oldest", func(int, *Lockout) {}, 0, false, 1000},
		{"one that is over", func(i int, l *Lockout) {
			if i == 7 {
				l.Until = 500
			}
		}, 7, true, 0},
		{"none by hand", func(i int, l *Lockout) {
			if i < 5 {
				l.By = "alice"
			}
		}, 5, false, 1000},
		{"the oldest by hand, if there is nothing else", func(_ int, l *Lockout) { l.By = "alice" }, 0, false, 1000},
	} {
		s := full(row.change)
		complete := s.put(Lockout{Key: keyOf(99)}, 500)
		if s.lockouts[row.gone].Key != keyOf(99) || complete != row.complete || s.lostUntil != row.lostUntil {
			t.Errorf("%s: complete %v, lost until %d, %+v", row.name, complete, s.lostUntil, s.lockouts)
		}
	}
}

func TestFind(t *testing.T) {
	r := New(newStore())
	want := Lockout{
		Key: keyOf(1), Also: keyOf(9), Size: 12, What: Account, Surface: "login", Client: "2001:db8::/64", Subject: 1<<64 - 1, By: "alice",
		Since: 1, Until: 1<<48 - 1,
	}
	r.Put(want, 0)
	if got, found := r.Find(keyOf(1)); !found || got != want {
		t.Errorf("got %+v, %v", got, found)
	}
	if got, found := r.Find(keyOf(2)); found {
		t.Errorf("found %+v", got)
	}
	r.Remove(Lockout{Key: keyOf(1), Since: 2})
	if _, found := r.Find(keyOf(1)); !found {
		t.Error("removed in the place of another")
	}
	r.Remove(want)
	if got, found := r.Find(keyOf(1)); found {
		t.Errorf("removed, and found %+v", got)
	}
}

// FuzzDecode: no value makes the decoder panic, and what it reads it writes as it was.
func FuzzDecode(f *testing.F) {
	s := set{lostUntil: 5, lockouts: []Lockout{{Key: keyOf(1), Surface: "rest", Client: "192.0.2.1", Since: 1, Until: 2, What: Network}}}
	f.Add(s.encode())
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		s := decode(value)
		if len(s.lockouts) == 0 {
			return
		}
		if again := s.encode(); !bytes.Equal(again, value) {
			t.Errorf("%x became %x", value, again)
		}
	})
}

func FuzzReadCatalogue(f *testing.F) {
	f.Add(writeCatalogue([]seen{{Surface{Name: "rest", Size: 12, Enforced: true, IPv4: 32, IPv6: 64, WideIPv4: 24, WideIPv6: 48, Duration: 60_000}, 1000}}))
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, value []byte) {
		list := readCatalogue(value)
		if again := readCatalogue(writeCatalogue(list)); !reflect.DeepEqual(again, list) {
			t.Errorf("%+v became %+v", list, again)
		}
	})
}

// TestCatalogue: what is confirmed stays, what is not goes, and none of two instances
// pushes out the other.
func TestCatalogue(t *testing.T) {
	data := newStore()
	one := []Surface{{Name: "rest", Size: 12, IPv4: 32, IPv6: 64, Duration: 60_000, Enforced: true}, {Name: "mcp"}}
	other := []Surface{{Name: "rest", Size: 6, IPv4: 24, IPv6: 64}}
	for _, step := range []struct {
		note     string
		now      int64
		surfaces []Surface
		writes   bool
		want     int
	}{
		{"the first worker", 0, one, true, 2},
		{"the others", 59_000, one, false, 2},
		{"another instance", 59_000, other, true, 3},
		{"a minute later", 60_000, one, true, 3},
		{"the other one alone", 230_000, other, true, 3},
		{"the first is gone", 240_000, other, false, 1},
		{"and back, with other surfaces", 240_000, one[:1], true, 2},
		{"nothing to tell", 240_000, nil, false, 2},
		{"the clock was set back", 10_000, nil, false, 2},
		{"and an instance comes", 10_000, one[:1], true, 1},
	} {
		before := data.sets
		Publish(data, step.surfaces, step.now)
		if got := Surfaces(data, step.now); len(got) != step.want || (data.sets > before) != step.writes {
			t.Errorf("%s: %d writes, %+v", step.note, data.sets-before, got)
		}
	}
}

func TestCatalogueIsBounded(t *testing.T) {
	data := newStore()
	for i := range 10 {
		var surfaces []Surface
		for j := range 256 {
			surfaces = append(surfaces, Surface{Name: strings.Repeat("x", 27) + strconv.Itoa(10_000+i*256+j)})
		}
		Publish(data, surfaces, 0)
		if got := Surfaces(data, 0); !slices.Contains(got, surfaces[0]) || len(got) > maxSurfaces {
			t.Fatalf("%d surfaces, the last ones among them: %v", len(got), slices.Contains(got, surfaces[0]))
		}
	}
	if keys := slices.Collect(maps.Keys(data.data)); len(keys) != 1 || data.bytes() > 30_000 {
		t.Errorf("%d keys, %d bytes", len(keys), data.bytes())
	}
}

// TestFleets: what instances publish of fleets is found until it is old, and a value that
// nobody here wrote is as none.
func TestFleets(t *testing.T) {
	store := newStore()
	for i := range uint64(maxFleets + 3) {
		PublishFleet(store, Fleet{ID: i + 1, Domain: "gatewarden", Heard: i%2 == 0, Pending: uint32(i)}, 1000)
	}
	PublishFleet(store, Fleet{ID: 10, Domain: "other"}, 5000)
	list := Fleets(store, 5000)
	if len(list) != maxFleets || list[maxFleets-1] != (Fleet{ID: 10, Domain: "other"}) || !list[1].Heard {
		t.Errorf("%+v", list)
	}
	if list = Fleets(store, 1000+forgetAfter); len(list) != 1 {
		t.Errorf("later there are %+v", list)
	}
	value, cas, _ := store.Get([]byte(fleetsKey))
	for cut := range len(value) {
		readFleets(value[:cut])
	}
	store.Set([]byte(fleetsKey), []byte{9, 1, 2}, cas)
	if list = Fleets(store, 5000); len(list) != 0 {
		t.Errorf("of another version: %+v", list)
	}
}

// TestUnlocks: each fleet takes its own unlocks once, and there is a bound.
func TestUnlocks(t *testing.T) {
	store := newStore()
	names := table.NewNames(table.Seed{})
	for i := range maxUnlocks {
		if !AskUnlock(store, uint64(i%2+1), names.Key([]byte{byte(i)})) {
			t.Fatal(i)
		}
	}
	if AskUnlock(store, 1, names.Key([]byte("more"))) {
		t.Error("there is no bound")
	}
	first := names.Key([]byte{0})
	if !AwaitsUnlock(store, 1, first) || AwaitsUnlock(store, 2, first) || AwaitsUnlock(store, 1, names.Key([]byte("more"))) {
		t.Error("it does not tell what was asked for")
	}
	for fleet := uint64(1); fleet <= 2; fleet++ {
		if n := len(TakeUnlocks(store, fleet)); n != maxUnlocks/2 {
			t.Errorf("fleet %d gets %d", fleet, n)
		}
		if AwaitsUnlock(store, fleet, first) {
			t.Error("it was taken")
		}
		if !AskUnlock(store, fleet, names.Key([]byte("again"))) || len(TakeUnlocks(store, fleet)) != 1 {
			t.Error("then there is no place")
		}
	}
}
