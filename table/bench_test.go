package table

import (
	"fmt"
	"testing"
)

const benchNow = 1_000_000

// halfFull returns a table of the default size that half as many clients use.
func halfFull() *Table {
	table := New(newSharedData().worker(), testSeed, 65536)
	for i := range table.Capacity() / 2 {
		table.Update(table.Key(client(i)), benchNow, increment)
	}
	return table
}

func client(i int) []byte { return fmt.Appendf(nil, "10.%d.%d.%d", i>>16&255, i>>8&255, i&255) }

// clients returns so many keys, with a record or without, that a benchmark does
// not measure one cache line.
func clients(table *Table, known bool) []Key {
	var keys []Key
	for i := 0; len(keys) < 4096; i++ {
		key := table.Key(client(i))
		if _, _, found := table.Get(key, &handClock{now: benchNow}); found == known {
			keys = append(keys, key)
		}
	}
	return keys
}

func BenchmarkKey(b *testing.B) {
	table := New(newSharedData().worker(), testSeed, 65536)
	rule, surface, address := []byte("lockout"), []byte("rest"), client(0)
	b.ReportAllocs()
	for b.Loop() {
		table.Key(rule, surface, address)
	}
}

func BenchmarkGetMiss(b *testing.B) {
	table := halfFull()
	keys, clock := clients(table, false), &handClock{now: benchNow}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, _, found := table.Get(keys[i%len(keys)], clock); found {
			b.Fatal("found")
		}
		i++
	}
}

func BenchmarkGetHit(b *testing.B) {
	table := halfFull()
	keys, clock := clients(table, true), &handClock{now: benchNow}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, _, found := table.Get(keys[i%len(keys)], clock); !found {
			b.Fatal("not found")
		}
		i++
	}
}

func BenchmarkUpdate(b *testing.B) {
	table := halfFull()
	keys := clients(table, true)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if got := table.Update(keys[i%len(keys)], benchNow, increment); got.Outcome != Stored {
			b.Fatal(got)
		}
		i++
	}
}

func TestNothingOnTheWayOfARequestAllocates(t *testing.T) {
	table := New(newSharedData().worker(), testSeed, Ways)
	rule, known, unknown := []byte("rule"), []byte("known"), []byte("unknown")
	clock := &handClock{now: benchNow}
	table.Update(table.Key(rule, known), benchNow, increment)
	for name, do := range map[string]func(){
		"Key":                func() { table.Key(rule, known) },
		"Hash":               func() { table.Hash(known) },
		"Get, no record":     func() { table.Get(table.Key(rule, unknown), clock) },
		"Get, a record":      func() { table.Get(table.Key(rule, known), clock) },
		"Update of a record": func() { table.Update(table.Key(rule, known), benchNow, increment) },
	} {
		if got := testing.AllocsPerRun(100, do); got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}
