package main

import (
	"math/rand/v2"
	"testing"
)

// drawn are ratios around a median, with a spread as of so many measured rounds.
func drawn(n int, median, spread float64) []float64 {
	chance := rand.New(rand.NewPCG(3, 4))
	var all []float64
	for range n {
		all = append(all, median+spread*chance.NormFloat64())
	}
	return all
}

func TestDecide(t *testing.T) {
	const limit = 1.03
	for name, row := range map[string]struct {
		ratios []float64
		want   decision
	}{
		"equal":                      {drawn(9, 1, 0.01), noMore},
		"less":                       {drawn(9, 0.8, 0.05), noMore},
		"2 % more":                   {drawn(27, 1.02, 0.01), noMore},
		"4 % more":                   {drawn(27, 1.04, 0.01), more},
		"30 % more":                  {drawn(9, 1.3, 0.1), more},
		"equal, but noisy":           {drawn(27, 1, 0.2), undecided},
		"4 % more, but noisy":        {drawn(27, 1.04, 0.2), undecided},
		"exactly what is allowed":    {drawn(27, limit, 0.01), undecided},
		"one round that is far off":  {append(drawn(26, 1, 0.01), 5), noMore},
		"few rounds, however alike":  {drawn(7, 2, 0), undecided},
		"none":                       {nil, undecided},
		"eight rounds, all the same": {drawn(8, 2, 0), more},
	} {
		if got := decide(row.ratios, limit); got != row.want {
			t.Errorf("%s: %v, want %v: %.3f", name, got, row.want, row.ratios)
		}
	}
}

// The interval has the ranks that the tables of the sign test give.
func TestInterval(t *testing.T) {
	for n, k := range map[int]int{8: 1, 9: 1, 12: 2, 18: 4, 27: 7} {
		var values []float64
		for i := range n {
			values = append(values, float64(n-i))
		}
		if low, high, ok := interval(values); !ok || low != float64(k) || high != float64(n+1-k) {
			t.Errorf("of 1 to %d: %v to %v, want %d to %d", n, low, high, k, n+1-k)
		}
	}
}

// What costs more outweighs what cannot be decided.
func TestVerdict(t *testing.T) {
	for _, row := range []struct {
		of   []decision
		want int
	}{
		{[]decision{noMore, noMore}, 0},
		{[]decision{noMore, more, undecided}, 1},
		{[]decision{undecided, noMore}, 2},
	} {
		if got := exitCode(row.of); got != row.want {
			t.Errorf("%v: %d, want %d", row.of, got, row.want)
		}
	}
}
