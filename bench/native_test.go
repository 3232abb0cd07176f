package main

import (
	"testing"

	"github.com/gatewarden/gatewarden/bench/internal/native"
)

// TestCosts holds the README to the host calls and allocations. A request reads the clock
// if there is a record. Instead of the response's status, a quota takes ten calls: the
// time of the request and of its response, reading and writing the counter, reading all
// response headers, and adding five. Each further quota takes two: reading its counter
// before any is written, and writing it.
//
// Nothing is allocated, for a caller that a header names and that came before.
func TestCosts(t *testing.T) {
	for name, want := range map[string]native.Cost{
		"passing, on a guarded path":             {Calls: 4},
		"passing, from a client with failures":   {Calls: 5},
		"passing, on a path that is not guarded": {Calls: 1},
		"passing, with one quota":                {Calls: 4 - 1 + 10},
		"passing, with three quotas":             {Calls: 4 - 1 + 10 + 2*2},
	} {
		cost, err := native.Count(scene(t, name), configOf(scene(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		if cost != want {
			t.Errorf("%s: %+v, want %+v", name, cost, want)
		}
	}
}

// TestRefusalsAllocateNothing: an attacker causes as many as it likes.
func TestRefusalsAllocateNothing(t *testing.T) {
	for _, name := range []string{"refused", "refused by one quota"} {
		cost, err := native.Count(scene(t, name), configOf(scene(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		if cost.Allocations != 0 {
			t.Errorf("%s: %v allocations", name, cost.Allocations)
		}
	}
}

func scene(t *testing.T, name string) native.Scene {
	for _, s := range native.Scenes() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no scene %q", name)
	return native.Scene{}
}

func BenchmarkFilter(b *testing.B) {
	for _, s := range native.Scenes() {
		b.Run(s.Name, func(b *testing.B) {
			exchange, err := native.Exchange(s, configOf(s))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				exchange()
			}
		})
	}
}
