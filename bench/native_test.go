package main

import (
	"testing"

	"github.com/gatewarden/gatewarden/bench/internal/native"
)

// What the README says of host calls and allocations. The clock is asked where there
// is a record. In place of the response's status, a quota asks for ten things: the time
// when the request comes and when its response does, the counter and to write it, all
// response headers, and to add five. Each further quota asks for three: how its counter
// stands before any is written, and then as the first.
//
// With quotas, the headers' text is allocated, and the subject and the tenant of the
// identity are.
func TestCosts(t *testing.T) {
	for name, want := range map[string]native.Cost{
		"passing, on a guarded path":             {Calls: 4},
		"passing, from a client with failures":   {Calls: 5},
		"passing, on a path that is not guarded": {Calls: 1},
		"passing, with one quota":                {Calls: 4 - 1 + 10, Allocations: 3},
		"passing, with three quotas":             {Calls: 4 - 1 + 10 + 2*3, Allocations: 3},
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
