package fleetplan

import "slices"

// Distribution are values, in order.
type Distribution []float64

func newDistribution(values []float64) Distribution {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted
}

// Quantile is the least value that the given share of them does not exceed.
func (d Distribution) Quantile(share float64) float64 {
	if len(d) == 0 {
		return 0
	}
	return d[min(int(share*float64(len(d))), len(d)-1)]
}

// Mean is their average.
func (d Distribution) Mean() float64 {
	sum := 0.0
	for _, v := range d {
		sum += v
	}
	return sum / float64(max(len(d), 1))
}
