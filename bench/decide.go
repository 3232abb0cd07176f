package main

import (
	"math"
	"slices"
)

// decision is what rounds say about two builds.
type decision int

const (
	undecided decision = iota // the noise is too large to say
	noMore                    // the new build costs at most what is allowed
	more                      // it costs more
)

func (d decision) String() string {
	return [...]string{"the noise is too large to decide", "at most what is allowed", "**more than is allowed**"}[d]
}

// confidence is how surely the true median of the ratios has to be on one side.
const confidence = 0.99

// decide looks at the ratios of the new build's cost to the old one's, one per round, of
// which the limit is allowed.
func decide(ratios []float64, limit float64) decision {
	low, high, ok := interval(ratios)
	switch {
	case !ok:
		return undecided
	case low > limit:
		return more
	case high <= limit:
		return noMore
	}
	return undecided
}

// interval holds the median of what the values are drawn from, with that confidence and
// whatever their distribution is: the k-th value from below and from above, where k-1
// coins of as many as there are values show heads rarely enough. It takes eight values.
func interval(values []float64) (low, high float64, ok bool) {
	n := len(values)
	k, tail, term := 0, 0.0, math.Pow(0.5, float64(n)) // term is the chance of k heads
	for ; k < n; k++ {
		if tail += term; 2*tail > 1-confidence {
			break
		}
		term *= float64(n-k) / float64(k+1)
	}
	if k == 0 {
		return 0, 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[k-1], sorted[n-k], true
}
