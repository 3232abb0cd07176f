package table

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPatchWritesWhatTheSetWouldEncode holds the short way of an update to the long one, of
// sets in all states: the same bytes, the same outcome, one call of change.
func TestPatchWritesWhatTheSetWouldEncode(t *testing.T) {
	patched := map[Outcome]int{}
	removed, long := 0, 0
	for seed := range uint64(20_000) {
		rng := newRand(seed)
		s := livelySet(rng)
		value, now := s.encode(nil), s.touched+rng.Int64N(3*clockSkew)-3*clockSkew/2
		fingerprint := uint64(rng.IntN(Ways + 2))
		next, ok, calls := Record{Count: 7, Level: 3, WindowEnd: now + 9}, rng.IntN(4) > 0, 0
		if rng.IntN(4) == 0 {
			next = Record{}
		}
		change := func(r Record, floor uint8, at int64) (Record, bool) {
			if calls++; next != (Record{}) {
				next.Before, next.Strikes, next.ForgetAt = r.Count, floor, at+1
			}
			return next, ok
		}
		d := Draft{key: Key{fingerprint: fingerprint}, value: []byte("what was there before")}
		if !d.patch(value, now, change) {
			if long++; calls != 0 {
				t.Fatalf("seed %d: asked for the change, and did not make it", seed)
			}
			continue
		}
		patched[d.outcome]++
		if next == (Record{}) && ok {
			removed++
		}
		var want set
		want.decode(value)
		outcome, evicted := want.apply(fingerprint, now, change)
		if d.outcome != outcome || evicted || calls != 2 {
			t.Fatalf("seed %d: outcome %d after %d calls, want %d; evicted %v", seed, d.outcome, calls-1, outcome, evicted)
		}
		if encoded := want.encode(nil); outcome == Stored && !bytes.Equal(d.value, encoded) {
			t.Fatalf("seed %d: record %d of %d\n%x\n%x", seed, fingerprint, s.count, d.value, encoded)
		}
	}
	if patched[Stored] < 1000 || patched[Unchanged] < 300 || removed < 300 || long < 1000 {
		t.Errorf("%v patched, %d of them removed, %d not: the test asks too little", patched, removed, long)
	}
}

// livelySet is a set of which few records have expired.
func livelySet(rng *rand.Rand) set {
	s := randomSet(rng)
	s.touched = 10 * clockSkew
	if s.floorUntil = s.touched + rng.Int64N(9*clockSkew); rng.IntN(2) == 0 {
		s.floor, s.floorUntil = 0, 0
	}
	for i := range s.count {
		e := &s.entries[i]
		e.fingerprint = uint64(i)
		e.WindowEnd, e.LockedUntil, e.ForgetAt = 0, 0, 0
		for _, end := range []*int64{&e.WindowEnd, &e.LockedUntil, &e.ForgetAt} {
			if rng.IntN(2) == 0 {
				*end = s.touched + rng.Int64N(200*clockSkew) - 2*clockSkew
			}
		}
		if rng.IntN(20) > 0 {
			e.WindowEnd = s.touched + 9*clockSkew
		}
	}
	return s
}

// A draft is written as long as nobody else has written the set, and at most once.
func TestDraft(t *testing.T) {
	data := newSharedData()
	mine, other := New(data.worker(), testSeed, 1), New(data.worker(), testSeed, 1) // one set
	a, b := mine.Key([]byte("a")), mine.Key([]byte("b"))
	var first, second Draft
	mine.Draft(&first, a, benchNow, increment)
	if _, _, found := other.Get(a, &handClock{now: benchNow}); found {
		t.Error("a draft was stored")
	}
	if result, ok := mine.Write(&first); !ok || result != (Result{}) {
		t.Errorf("of a new record: %+v, %v", result, ok)
	}
	if _, ok := mine.Write(&first); ok {
		t.Error("a draft was written twice")
	}
	mine.Draft(&first, a, benchNow, increment)
	mine.Draft(&second, b, benchNow, increment)
	if _, ok := mine.Write(&first); !ok {
		t.Error("another draft changed something")
	}
	if _, ok := mine.Write(&second); ok {
		t.Error("a draft of another record of the set took back what was written since")
	}
	mine.Draft(&second, b, benchNow, increment)
	other.Update(b, benchNow, increment)
	if _, ok := mine.Write(&second); ok {
		t.Error("a draft took back what another worker wrote")
	}
	for name, want := range map[string]uint32{"a": 2, "b": 1} {
		if r, _, _ := mine.Get(mine.Key([]byte(name)), &handClock{now: benchNow}); r.Count != want {
			t.Errorf("%s: %d, want %d", name, r.Count, want)
		}
	}
	mine.Draft(&first, a, benchNow, func(r Record, _ uint8, _ int64) (Record, bool) { return r, false })
	other.Update(b, benchNow, increment)
	if result, ok := mine.Write(&first); !ok || result.Outcome != Unchanged || first.Stepped {
		t.Errorf("of nothing: %+v, %v, stepped %v", result, ok, first.Stepped)
	}
	mine.Draft(&first, a, benchNow-2*clockSkew, func(r Record, _ uint8, _ int64) (Record, bool) { return r, false })
	if result, ok := mine.Write(&first); !ok || result.Outcome != Unchanged || !first.Stepped {
		t.Errorf("of a step back: %+v, %v, stepped %v", result, ok, first.Stepped)
	}
}
