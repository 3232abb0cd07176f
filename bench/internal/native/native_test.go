package native

import "testing"

// A passing request makes four host calls on a guarded path and one elsewhere, and
// allocates nothing, as the README says.
func TestCosts(t *testing.T) {
	for i, want := range []float64{4, 5, 1} { // the clock is asked where there is a record
		cost, err := Count(Scenes()[i], "{}")
		if err != nil {
			t.Fatal(err)
		}
		if cost.Calls != want {
			t.Errorf("%s: %v host calls, want %v", Scenes()[i].Name, cost.Calls, want)
		}
		if cost.Allocations != 0 {
			t.Errorf("%s: %v allocations", Scenes()[i].Name, cost.Allocations)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	for _, scene := range Scenes() {
		b.Run(scene.Name, func(b *testing.B) {
			exchange, _, err := scene.prepare("{}")
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
