package algorithm

import (
	"math/big"
	"math/rand/v2"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// spent is an amount that was spent and not given back.
type spent struct {
	at   int64
	cost uint32
}

// model is an algorithm in its plainest form: it computes from a list of everything that
// was spent, in exact fractions.
type model func(log []spent, p Plan, now int64) (room *big.Rat)

func within(log []spent, from, to int64) (total int64) {
	for _, s := range log {
		if s.at >= from && s.at < to {
			total += int64(s.cost)
		}
	}
	return total
}

func fixedModel(log []spent, p Plan, now int64) *big.Rat {
	start := int64(-1 << 62)
	for _, s := range log { // a window begins with the first spending after the one before
		if s.at >= start+p.Window {
			start = s.at
		}
	}
	if now >= start+p.Window {
		return big.NewRat(int64(p.Limit), 1)
	}
	return big.NewRat(int64(p.Limit)-within(log, start, start+p.Window), 1)
}

func slidingModel(log []spent, p Plan, now int64) *big.Rat {
	start := int64(-1 << 61)
	for _, s := range log {
		for s.at >= start+p.Window {
			if s.at < start+2*p.Window {
				start += p.Window // the next window follows at once
			} else {
				start = s.at
			}
		}
	}
	switch {
	case now >= start+2*p.Window:
		start = now
	case now >= start+p.Window:
		start += p.Window
	}
	before, running := within(log, start-p.Window, start), within(log, start, start+p.Window)
	estimate := big.NewRat(before*(start+p.Window-now), p.Window)
	estimate.Add(estimate, big.NewRat(running, 1))
	return estimate.Sub(big.NewRat(int64(p.Limit), 1), estimate)
}

// bucketModel is a token bucket. A token has as many drops as the window milliseconds.
func bucketModel(log []spent, p Plan, now int64) *big.Rat {
	full := int64(p.Limit) * p.Window
	drops, at := full, int64(0)
	fill := func(to int64) {
		drops, at = min(drops+(to-at)*int64(p.Limit), full), to
	}
	for _, s := range log {
		fill(s.at)
		drops -= int64(s.cost) * p.Window
	}
	fill(now)
	return big.NewRat(drops, p.Window)
}

// whole rounds down to a number of units that can be spent.
func whole(r *big.Rat) int64 {
	if r.Sign() < 0 {
		return 0
	}
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
}

var algorithmTests = []struct {
	name  string
	is    *Algorithm
	model model
	// windows is how many windows ahead a record ends at the most.
	windows int64
	// most is what may be spent within any time d that is no longer than a window.
	most func(p Plan, d int64) *big.Rat
}{
	{"fixed window", Of(Kind(config.FixedWindow)), fixedModel, 1, func(p Plan, _ int64) *big.Rat { return big.NewRat(2*int64(p.Limit), 1) }},
	{"sliding window", Of(Kind(config.SlidingWindow)), slidingModel, 2, evenly},
	{"gcra", Of(Kind(config.GCRA)), bucketModel, 1, evenly},
}

func evenly(p Plan, d int64) *big.Rat {
	return new(big.Rat).Mul(big.NewRat(int64(p.Limit), 1), new(big.Rat).Add(big.NewRat(1, 1), big.NewRat(d, p.Window)))
}

func randomPlan(rng *rand.Rand) Plan {
	limits := []uint32{1, 2, 3, 7, 20, 60, 1000, 7919}
	windows := []int64{1000, 1001, 7000, 60_000, 3_600_000}
	return Plan{Limit: limits[rng.IntN(len(limits))], Window: windows[rng.IntN(len(windows))]}
}

// pause returns a time until the next request: often 0, often so long that about one
// unit comes back, sometimes until the edge of a window.
func pause(rng *rand.Rand, p Plan, now int64, r table.Record) int64 {
	switch n := rng.IntN(20); {
	case n < 8:
		return 0
	case n < 14:
		return rng.Int64N(2*p.Window/int64(p.Limit) + 2)
	case n < 17:
		return max(r.WindowEnd-int64(rng.IntN(2))*p.Window+int64(rng.IntN(3))-1-now, 0)
	case n < 19:
		return rng.Int64N(p.Window)
	}
	return rng.Int64N(3 * p.Window)
}

func randomCost(rng *rand.Rand, p Plan) uint32 {
	if rng.IntN(3) > 0 {
		return min(1, p.Limit)
	}
	return rng.Uint32N(p.Limit + 1)
}

// alive returns what the table would return of a record.
func alive(r table.Record, now int64) table.Record {
	if now >= r.WindowEnd && now >= r.LockedUntil {
		return table.Record{}
	}
	return r
}
