package native

import "testing"

// A passing request makes four host calls on a guarded path and one elsewhere,
// as the README says.
func TestCalls(t *testing.T) {
	for i, want := range []float64{4, 5, 1} { // the clock is asked where there is a record
		cost, err := Count(Scenes()[i], "{}")
		if err != nil {
			t.Fatal(err)
		}
		if cost.Calls != want {
			t.Errorf("%s: %v host calls, want %v", Scenes()[i].Name, cost.Calls, want)
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
