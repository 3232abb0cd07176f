package table

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCodecRoundTripOfRandomSets(t *testing.T) {
	for seed := range uint64(500) {
		want := randomSet(newRand(seed))
		value := want.encode(nil)
		if len(value) != headerSize+want.count*recordSize {
			t.Fatalf("seed %d: %d records take %d bytes", seed, want.count, len(value))
		}
		got := randomSet(newRand(seed + 1000)) // what was there before must not show
		got.decode(value)
		if !equalSets(&got, &want) {
			t.Fatalf("seed %d: got %+v, want %+v", seed, got, want)
		}
		for i := range want.count {
			if indexOf(value, want.entries[i].fingerprint) < 0 {
				t.Fatalf("seed %d: record %d is not mentioned", seed, i)
			}
		}
	}
}

// The layout is shared by filters of different builds on one proxy, so it is
// not only stable within this build.
func TestCodecLayoutOfVersion2(t *testing.T) {
	s := set{count: 1, touched: 0x060504030201, floor: 0xF1, floorUntil: 0x161514131211}
	s.entries[0] = entry{0x2827262524232221, Record{
		Count: 0x34333231, Before: 0x3a393837, Level: 0x41, Strikes: 0x42,
		WindowEnd: 0x565554535251, LockedUntil: 0x666564636261, ForgetAt: 0x767574737271,
	}}
	want := []byte{
		2, 1, 0xF1, 0,
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
		0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
		0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
		0x31, 0x32, 0x33, 0x34, 0x37, 0x38, 0x39, 0x3a, 0x41, 0x42,
		0x51, 0x52, 0x53, 0x54, 0x55, 0x56,
		0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
		0x71, 0x72, 0x73, 0x74, 0x75, 0x76,
	}
	if got := s.encode(nil); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestCodecKeepsTimesWithin48Bits(t *testing.T) {
	for _, c := range []struct{ time, want int64 }{
		{-1, 0}, {0, 0}, {1, 1}, {1<<32 - 1, 1<<32 - 1}, {1 << 32, 1 << 32},
		{maxTime - 1, maxTime - 1}, {maxTime, maxTime}, {maxTime + 1, maxTime}, {1<<63 - 1, maxTime},
	} {
		b := AppendTime(nil, c.time)
		if got := ReadTime(b); got != c.want || len(b) != 6 {
			t.Errorf("%d became %d in %d bytes, want %d in 6", c.time, got, len(b), c.want)
		}
	}
}

func TestDecodeTakesWhatItDidNotWriteForAnEmptySet(t *testing.T) {
	valid := fullSet().encode(nil)
	with := func(i int, b byte) []byte {
		value := slices.Clone(valid)
		value[i] = b
		return value
	}
	cases := []struct {
		name  string
		value []byte
	}{
		{"nothing", nil},
		{"empty", []byte{}},
		{"foreign", []byte("another plugin's value, which is long enough")},
		{"version 0", with(0, 0)},
		{"next version", with(0, codecVersion+1)},
		{"one record fewer than there are", with(1, Ways-1)},
		{"one record more than there are", with(1, Ways+1)},
		{"most records a byte can say", with(1, 255)},
		{"one byte too long", append(slices.Clone(valid), 0)},
		{"one record too long", append(slices.Clone(valid), make([]byte, recordSize)...)},
		{"more records than a set has", append(with(1, Ways+1), make([]byte, recordSize)...)},
	}
	for n := range len(valid) {
		cases = append(cases, struct {
			name  string
			value []byte
		}{"truncated", valid[:n]})
	}
	for _, c := range cases {
		s := *fullSet()
		s.decode(c.value)
		if !equalSets(&s, &set{}) {
			t.Errorf("%s (%d bytes): a set of %d records, floor %d until %d, touched %d",
				c.name, len(c.value), s.count, s.floor, s.floorUntil, s.touched)
		}
	}
}

// A table that is full takes to the byte what MaxBytes says.
func TestMaxBytesIsTheSizeOfAFullTable(t *testing.T) {
	for _, counters := range []int{0, 1, Ways, Ways + 1, 100} {
		data := newSharedData()
		table := New(data.worker(), seedOf(data.worker(), testSeed), counters)
		value := fullSet().encode(nil)
		for place := range uint64(table.Capacity() / Ways) {
			data.worker().Set(table.locate(Key{place: place}), value, createOnly)
		}
		if got := data.bytes(); got != table.MaxBytes() {
			t.Errorf("%d counters: full at %d bytes, MaxBytes %d", counters, got, table.MaxBytes())
		}
	}
}

func FuzzDecode(f *testing.F) {
	valid := fullSet().encode(nil)
	f.Add([]byte(nil), int64(0))
	f.Add([]byte("foreign"), int64(1))
	f.Add(valid, int64(1))
	f.Add(valid, int64(-1<<63))
	f.Add(valid, int64(1<<63-1))
	f.Add(valid[:headerSize], int64(1000))
	f.Add(valid[:len(valid)-1], int64(1000))
	f.Add(append([]byte{codecVersion, 1, 9, 9}, valid[4:headerSize+recordSize]...), int64(5000))
	f.Add(append([]byte{codecVersion + 1}, valid[1:]...), int64(1))
	f.Add(append([]byte{codecVersion, 255}, valid[2:]...), int64(1))
	f.Add(bytes.Repeat([]byte{0xFF}, len(valid)), int64(1))
	f.Fuzz(func(t *testing.T, value []byte, now int64) {
		var first, second set
		first.decode(value)
		encoded := first.encode(nil)
		second.decode(encoded)
		if !equalSets(&first, &second) {
			t.Fatalf("decoded %+v, and again %+v", first, second)
		}
		if again := second.encode(nil); !bytes.Equal(encoded, again) {
			t.Fatalf("encoded %x, and again %x", encoded, again)
		}
		for i := range first.count {
			if indexOf(value, first.entries[i].fingerprint) < 0 {
				t.Fatalf("record %d is in the set and not mentioned", i)
			}
		}
		indexOf(value, 1)
		second.apply(1, now, func(r Record, _ uint8, now int64) (Record, bool) {
			r.Count, r.WindowEnd = r.Count+1, now
			return r, true
		})
		if second.count > Ways || len(second.encode(nil)) > headerSize+Ways*recordSize {
			t.Fatalf("a set of %d records", second.count)
		}
	})
}

func equalSets(a, b *set) bool {
	return a.touched == b.touched && a.floor == b.floor && a.floorUntil == b.floorUntil &&
		slices.Equal(a.entries[:a.count], b.entries[:b.count])
}

// fullSet holds Ways records with nothing zero in them.
func fullSet() *set {
	s := &set{count: Ways, touched: 7_000, floor: 99, floorUntil: 9_000}
	for i := range s.entries {
		n := int64(i)
		s.entries[i] = entry{uint64(i + 1), Record{uint32(i + 1), uint32(i + 2), uint8(i + 1), 1, 8_000 + n, 8_500 + n, 9_500 + n}}
	}
	return s
}

func randomSet(rng *rand.Rand) set {
	s := set{
		count:   rng.IntN(Ways + 1),
		touched: rng.Int64N(maxTime + 1),
		floor:   uint8(rng.Uint32()), floorUntil: rng.Int64N(maxTime + 1),
	}
	for i := range s.count {
		s.entries[i] = entry{rng.Uint64(), Record{
			Count: rng.Uint32(), Before: rng.Uint32(), Level: uint8(rng.Uint32()), Strikes: uint8(rng.Uint32()),
			WindowEnd: rng.Int64N(maxTime + 1), LockedUntil: rng.Int64N(maxTime + 1), ForgetAt: rng.Int64N(maxTime + 1),
		}}
	}
	return s
}
