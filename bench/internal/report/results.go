package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Results collects what was measured: some values for each cell, by row and column,
// one per round.
type Results map[string]map[string][]float64

// Add puts one more value into a cell.
func (r Results) Add(row, column string, value float64) {
	if r[row] == nil {
		r[row] = map[string][]float64{}
	}
	r[row][column] = append(r[row][column], value)
}

// Get sums up a cell.
func (r Results) Get(row, column string) Summary { return summarise(r[row][column]) }

// Values are a cell's, in the order in which they were added.
func (r Results) Values(row, column string) []float64 { return r[row][column] }

// Has tells whether a row has anything in a column.
func (r Results) Has(row, column string) bool { return len(r[row][column]) > 0 }

// Drop forgets the rows of a part: its own, and those below it.
func (r Results) Drop(part string) {
	for row := range r {
		if row == part || strings.HasPrefix(row, part+"/") {
			delete(r, row)
		}
	}
}

// Summary is what is left of some values of the same thing.
type Summary struct {
	N                int
	Median, Min, Max float64
}

func summarise(values []float64) Summary {
	if len(values) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Summary{N: len(sorted), Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// String is "median (min–max)", or a dash.
func (s Summary) String() string {
	switch {
	case s.N == 0:
		return "–"
	case s.N == 1 || Number(s.Min) == Number(s.Max):
		return Number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", Number(s.Median), Number(s.Min), Number(s.Max))
}

// Number writes a value with about three digits, and none that mean nothing.
func Number(v float64) string {
	switch size := math.Abs(v); {
	case size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
