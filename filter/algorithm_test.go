package filter

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// spent is something that was spent and kept.
type spent struct {
	at   int64
	cost uint32
}

// model is an algorithm said in the plainest way: from a list of everything that
// was spent, in fractions that are exact.
type model func(log []spent, p plan, now int64) (room *big.Rat)

func within(log []spent, from, to int64) (total int64) {
	for _, s := range log {
		if s.at >= from && s.at < to {
			total += int64(s.cost)
		}
	}
	return total
}

func fixedModel(log []spent, p plan, now int64) *big.Rat {
	start := int64(-1 << 62)
	for _, s := range log { // each window begins with what comes first after the one before
		if s.at >= start+p.window {
			start = s.at
		}
	}
	if now >= start+p.window {
		return big.NewRat(int64(p.limit), 1)
	}
	return big.NewRat(int64(p.limit)-within(log, start, start+p.window), 1)
}

func slidingModel(log []spent, p plan, now int64) *big.Rat {
	start := int64(-1 << 61)
	for _, s := range log {
		for s.at >= start+p.window {
			if s.at < start+2*p.window {
				start += p.window // one window follows upon the other
			} else {
				start = s.at
			}
		}
	}
	switch {
	case now >= start+2*p.window:
		start = now
	case now >= start+p.window:
		start += p.window
	}
	before, running := within(log, start-p.window, start), within(log, start, start+p.window)
	estimate := big.NewRat(before*(start+p.window-now), p.window)
	estimate.Add(estimate, big.NewRat(running, 1))
	return estimate.Sub(big.NewRat(int64(p.limit), 1), estimate)
}

// bucketModel is a bucket of tokens, each of which is a window's worth of drops.
func bucketModel(log []spent, p plan, now int64) *big.Rat {
	full := int64(p.limit) * p.window
	drops, at := full, int64(0)
	fill := func(to int64) {
		drops, at = min(drops+(to-at)*int64(p.limit), full), to
	}
	for _, s := range log {
		fill(s.at)
		drops -= int64(s.cost) * p.window
	}
	fill(now)
	return big.NewRat(drops, p.window)
}

// whole rounds down to what can be spent.
func whole(r *big.Rat) int64 {
	if r.Sign() < 0 {
		return 0
	}
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
}

var algorithms = []struct {
	name  string
	is    algorithm
	model model
	// most may be spent within any stretch of time d, no longer than a window.
	most func(p plan, d int64) *big.Rat
}{
	{"fixed window", fixedWindow{}, fixedModel, func(p plan, _ int64) *big.Rat { return big.NewRat(2*int64(p.limit), 1) }},
	{"sliding window", slidingWindow{}, slidingModel, evenly},
	{"gcra", gcra{}, bucketModel, evenly},
}

func evenly(p plan, d int64) *big.Rat {
	return new(big.Rat).Mul(big.NewRat(int64(p.limit), 1), new(big.Rat).Add(big.NewRat(1, 1), big.NewRat(d, p.window)))
}

func randomPlan(rng *rand.Rand) plan {
	limits := []uint32{1, 2, 3, 7, 20, 60, 1000, 7919}
	windows := []int64{1000, 1001, 7000, 60_000, 3_600_000}
	return plan{limits[rng.IntN(len(limits))], windows[rng.IntN(len(windows))]}
}

// pause is a time until the next request: often none, often one in which about a
// unit comes back, sometimes up to an edge of a window.
func pause(rng *rand.Rand, p plan, now int64, r table.Record) int64 {
	switch n := rng.IntN(20); {
	case n < 8:
		return 0
	case n < 14:
		return rng.Int64N(2*p.window/int64(p.limit) + 2)
	case n < 17:
		return max(r.WindowEnd-int64(rng.IntN(2))*p.window+int64(rng.IntN(3))-1-now, 0)
	case n < 19:
		return rng.Int64N(p.window)
	}
	return rng.Int64N(3 * p.window)
}

func randomCost(rng *rand.Rand, p plan) uint32 {
	if rng.IntN(3) > 0 {
		return min(1, p.limit)
	}
	return rng.Uint32N(p.limit + 1)
}

// TestAlgorithmsAgreeWithTheirModels: with random times, limits and costs, each
// algorithm admits what its model does, to the unit and the millisecond.
func TestAlgorithmsAgreeWithTheirModels(t *testing.T) {
	for _, a := range algorithms {
		t.Run(a.name, func(t *testing.T) {
			for seed := range uint64(300) {
				rng := rand.New(rand.NewPCG(seed, 1))
				p := randomPlan(rng)
				var log []spent
				var r table.Record
				now := int64(rng.IntN(2)) * 1_000_000
				for step := range 150 {
					now += pause(rng, p, now, r)
					cost := randomCost(rng, p)
					left := whole(a.model(log, p, now))
					next, b, changed := spend(a.is, alive(r, now), 0, p, cost, now)
					where := fmt.Sprintf("seed %d, step %d: %d of %+v at %d", seed, step, cost, p, now)
					if fits := int64(cost) <= left; b.fits != fits {
						t.Fatalf("%s: fits %v, want %v", where, b.fits, fits)
					}
					wanted := cost
					if b.fits {
						left -= int64(cost)
						wanted = min(b.left+1, p.limit)
					}
					if b.fits && cost > 0 { // to ask changes nothing
						r = next
						log = append(log, spent{now, cost})
						checkWeight(t, where, r, p, b)
					}
					if changed != (b.fits && cost > 0) {
						t.Fatalf("%s: changed %v", where, changed)
					}
					if int64(b.left) != left {
						t.Fatalf("%s: %d left, want %d", where, b.left, left)
					}
					checkMore(t, where, a.model, log, p, b, wanted, now)
				}
			}
		})
	}
}

// alive is what the table hands out of a record.
func alive(r table.Record, now int64) table.Record {
	if now >= r.WindowEnd && now >= r.LockedUntil {
		return table.Record{}
	}
	return r
}

// checkMore: what is said to be there from a moment on is there then, and not a
// millisecond before.
func checkMore(t *testing.T, where string, m model, log []spent, p plan, b balance, wanted uint32, now int64) {
	t.Helper()
	if whole(m(log, p, b.more)) < int64(wanted) {
		t.Fatalf("%s: at %d there are %d, not %d", where, b.more, whole(m(log, p, b.more)), wanted)
	}
	if b.more > now && whole(m(log, p, b.more-1)) >= int64(wanted) {
		t.Fatalf("%s: %d are there before %d", where, wanted, b.more)
	}
	if b.more < now || b.more > now+2*p.window {
		t.Fatalf("%s: more at %d", where, b.more)
	}
}

func checkWeight(t *testing.T, where string, r table.Record, p plan, b balance) {
	t.Helper()
	if used := p.limit - b.left; inheritedUse(r.Level, p.limit) < min(used, p.limit-1) {
		t.Fatalf("%s: level %d stands for less than the %d used", where, r.Level, used)
	}
	if locked := r.LockedUntil == b.more; locked != (b.left == 0) {
		t.Fatalf("%s: %d left, locked until %d, more at %d", where, b.left, r.LockedUntil, b.more)
	}
}

// TestNoStretchOfTimeSeesMoreThanGuaranteed takes as much as it can get, at the
// worst moments, and holds every stretch of time to the bound in the doc comment.
// Some of what is taken is given back, at once or later: that never helps.
func TestNoStretchOfTimeSeesMoreThanGuaranteed(t *testing.T) {
	for _, a := range algorithms {
		t.Run(a.name, func(t *testing.T) {
			closest := new(big.Rat)
			for seed := range uint64(200) {
				rng := rand.New(rand.NewPCG(seed, 2))
				p := randomPlan(rng)
				log := greedy(rng, a.is, p)
				for i := range log {
					total := int64(0)
					for j := i; j < len(log) && log[j].at-log[i].at <= p.window; j++ {
						total += int64(log[j].cost)
						most := a.most(p, log[j].at-log[i].at)
						share := new(big.Rat).Quo(big.NewRat(total, 1), most)
						if share.Cmp(closest) > 0 {
							closest = share
						}
						if share.Cmp(big.NewRat(1, 1)) > 0 {
							t.Fatalf("seed %d: %+v: %d from %d to %d, at most %s", seed, p, total, log[i].at, log[j].at, most.FloatString(3))
						}
					}
				}
			}
			if share, _ := closest.Float64(); share < 0.9 {
				t.Errorf("only %.2f of the bound was reached: the test asks too little", share)
			}
		})
	}
}

// greedy spends as much as it gets, and returns what was kept.
func greedy(rng *rand.Rand, a algorithm, p plan) (kept []spent) {
	type open struct {
		taking
		index int
	}
	var r table.Record
	var pending []open
	now := int64(1_000_000)
	for range 120 {
		now += pause(rng, p, now, r)
		_, b := a.take(alive(r, now), 0, p, 0, now)
		cost := b.left
		if rng.IntN(2) == 0 && cost > 0 {
			cost = 1 + rng.Uint32N(cost)
		}
		next, b, _ := spend(a, alive(r, now), 0, p, cost, now)
		if !b.fits {
			panic("what was left does not fit")
		}
		if cost > 0 {
			r = next
			kept = append(kept, spent{now, cost})
		}
		if cost > 0 && rng.IntN(4) == 0 {
			pending = append(pending, open{taking{cost, now, r.WindowEnd}, len(kept) - 1})
		}
		if len(pending) > 0 && rng.IntN(2) == 0 {
			now += int64(rng.IntN(3))
			last := pending[len(pending)-1]
			pending = pending[:len(pending)-1]
			r = refund(a, alive(r, now), p, last.taking, now)
			kept[last.index].cost = 0
		}
	}
	return kept
}

// What is given back at once leaves the counter as it was.
func TestRefundUndoes(t *testing.T) {
	for _, a := range algorithms {
		for seed := range uint64(500) {
			rng := rand.New(rand.NewPCG(seed, 3))
			p := randomPlan(rng)
			var r table.Record
			now := int64(1_000_000)
			for range rng.IntN(10) {
				now += pause(rng, p, now, r)
				cost := randomCost(rng, p)
				if next, b, _ := spend(a.is, alive(r, now), 0, p, cost, now); b.fits && cost > 0 {
					r = next
				}
			}
			r = alive(r, now)
			_, before := a.is.take(r, 0, p, 0, now)
			if before.left == 0 {
				continue
			}
			cost := 1 + rng.Uint32N(before.left)
			taken, _, _ := spend(a.is, r, 0, p, cost, now)
			back := refund(a.is, taken, p, taking{cost, now, taken.WindowEnd}, now)
			if _, after := a.is.take(alive(back, now), 0, p, 0, now); after != before {
				t.Fatalf("%s, seed %d: %+v after giving back, %+v before", a.name, seed, after, before)
			}
			if before.left == p.limit && back != (table.Record{}) {
				t.Fatalf("%s, seed %d: an empty counter stays: %+v", a.name, seed, back)
			}
		}
	}
}

// A counter that comes back after it was evicted has no more to spend than it had,
// and one that was never there has something.
func TestEvictionGivesNothingBack(t *testing.T) {
	for _, a := range algorithms {
		for seed := range uint64(500) {
			rng := rand.New(rand.NewPCG(seed, 4))
			p := randomPlan(rng)
			var r table.Record
			now := int64(1_000_000)
			for range 1 + rng.IntN(30) {
				now += pause(rng, p, now, r)
				cost := randomCost(rng, p)
				if next, b, _ := spend(a.is, alive(r, now), 0, p, cost, now); b.fits && cost > 0 {
					r = next
				}
			}
			now += rng.Int64N(p.window / 4)
			if r = alive(r, now); r == (table.Record{}) || now < r.LockedUntil {
				continue // it is not evicted
			}
			_, stays := a.is.take(r, 0, p, 0, now)
			_, comes := a.is.take(table.Record{}, r.Level, p, 0, now)
			if comes.left > stays.left || comes.left == 0 {
				t.Fatalf("%s, seed %d: %d left of %d, %d for who comes back", a.name, seed, stays.left, p.limit, comes.left)
			}
		}
	}
}

// Another limit or window takes effect at once, and nothing overflows, up to the
// largest that can be configured.
func TestAlgorithmsUnderAnotherPlan(t *testing.T) {
	plans := []plan{{1, 1000}, {1_000_000_000, 1000}, {1, 2_592_000_000}, {1_000_000_000, 2_592_000_000}, {60, 60_000}, {7, 1001}}
	for _, a := range algorithms {
		for seed := range uint64(500) {
			rng := rand.New(rand.NewPCG(seed, 5))
			var r table.Record
			now := int64(1_000_000_000_000)
			for step := range 40 {
				p := plans[rng.IntN(len(plans))]
				now += rng.Int64N(p.window)
				cost := rng.Uint32N(p.limit + 1)
				next, b, _ := spend(a.is, alive(r, now), 0, p, cost, now)
				where := fmt.Sprintf("%s, seed %d, step %d: %d of %+v: %+v", a.name, seed, step, cost, p, b)
				if b.left > p.limit || b.more < now || b.more > now+2*p.window || next.WindowEnd > now+2*p.window {
					t.Fatalf("%s, %+v", where, next)
				}
				if _, full := a.is.take(alive(next, now), 0, p, p.limit, b.more); b.left == 0 && p.limit == 1 && !full.fits {
					t.Fatalf("%s: nothing when more was promised", where)
				}
				if b.fits {
					r = next
				}
			}
		}
	}
}
