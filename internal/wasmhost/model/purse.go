package model

import (
	"math/big"
	"slices"
	"sort"
)

// account names what is counted together: a payer's spending under a rule.
type account struct{ rule, algorithm, payer string }

// purse is what was spent there. Times are in milliseconds.
type purse struct {
	algorithm string
	// running are the costs spent in the window that ends at end, before those of
	// the window before it.
	running, before []int
	end             int64
	// back is for gcra when all will have come back.
	back *big.Rat
	// written is when the purse last changed.
	written int64
	// free is what was last told: when there is more.
	free int64
}

// taking is what was spent at a moment, in the window that ends at end.
type taking struct{ cost, at, end int64 }

func (p *purse) moments() []int64 { return []int64{p.end, p.free, p.free} }

// plan is how much may be spent within a window. rest is what is left of a window of the
// calendar.
type plan struct{ limit, window, rest int64 }

// balance is how a purse stands: whether a cost fits, what is left then, and when
// there is more or, where it does not fit, enough.
type balance struct {
	fits bool
	left int64
	more int64
}

// clock follows a clock that stepped back, as that of a counter does.
func (p *purse) clock(now int64) int64 {
	const skew = 1000
	if p.written-now <= skew {
		return max(now, p.written)
	}
	p.end -= p.written - now
	if p.back != nil {
		p.back = new(big.Rat).Sub(p.back, whole64(p.written-now))
	}
	p.written = now
	return now
}

// left is what may be spent at a moment, if nothing is until then.
func (p *purse) left(of plan, now int64) int64 {
	switch p.algorithm {
	case fixed, daily, monthly:
		if now >= p.end {
			return of.limit
		}
		return max(of.limit-sum(p.running), 0)
	case sliding:
		running, before, end := p.windows(of, now)
		// What was spent before counts by the part of its window that a window
		// ending now would still see.
		room := (of.limit-sum(running))*of.window - sum(before)*(end-now)
		return max(room, 0) / of.window
	}
	free := new(big.Rat).Sub(whole64(of.window), p.owed(now))
	free.Mul(free, big.NewRat(of.limit, of.window))
	return new(big.Int).Quo(free.Num(), free.Denom()).Int64()
}

// windows are those of a sliding window as they stand at a moment. One that
// nothing was spent in begins when something is.
func (p *purse) windows(of plan, now int64) (running, before []int, end int64) {
	switch {
	case len(p.running)+len(p.before) == 0, now >= p.end+of.window:
		return nil, nil, now + of.window
	case now >= p.end:
		return nil, p.running, p.end + of.window
	}
	return p.running, p.before, p.end
}

// owed is how many milliseconds it takes from a moment on until all has come back.
func (p *purse) owed(now int64) *big.Rat {
	if p.back == nil || p.back.Cmp(whole64(now)) < 0 {
		return new(big.Rat)
	}
	return new(big.Rat).Sub(p.back, whole64(now))
}

func whole64(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// ask tells how a purse would stand if a cost were spent.
func (p *purse) ask(of plan, cost, now int64) balance {
	now = p.clock(now)
	p.shorten(of, now)
	b := balance{left: p.left(of, now)}
	if b.fits = cost <= b.left; !b.fits {
		b.more = p.until(of, cost, now)
		return b
	}
	after := *p
	after.add(of, cost, now)
	b.left = after.left(of, now)
	b.more = after.until(of, min(b.left+1, of.limit), now)
	return b
}

// take spends a cost if it fits.
func (p *purse) take(of plan, cost, now int64) (b balance, t taking) {
	b = p.ask(of, cost, now)
	if now = p.clock(now); b.fits && cost > 0 {
		p.add(of, cost, now)
		p.written = now
	}
	p.free = b.more
	return b, taking{cost, now, p.end}
}

// shorten ends a window that a former configuration began by this one's measure.
func (p *purse) shorten(of plan, now int64) {
	if p.end > now+of.window {
		p.end, p.written = now+of.window, now
	}
	if p.owed(now).Cmp(whole64(of.window)) > 0 {
		p.back, p.written = whole64(now+of.window), now
	}
}

func (p *purse) add(of plan, cost, now int64) {
	switch {
	case cost == 0:
	case p.algorithm == gcra:
		p.back = new(big.Rat).Add(whole64(now), p.owed(now))
		p.back.Add(p.back, big.NewRat(cost*of.window, of.limit))
	case p.algorithm == sliding:
		p.running, p.before, p.end = p.windows(of, now)
		p.running = append(p.running[:len(p.running):len(p.running)], int(cost))
	case now >= p.end:
		p.running, p.end = []int{int(cost)}, now+of.window
		if p.algorithm != fixed {
			p.end = now + of.rest
		}
	default:
		p.running = append(p.running[:len(p.running):len(p.running)], int(cost))
	}
}

// refund takes back what was spent, as far as it still counts.
func (p *purse) refund(of plan, t taking, now int64) {
	now = p.clock(now)
	switch {
	case p.over(of, now):
		return
	case p.algorithm == gcra:
		cost, gone := big.NewRat(t.cost*of.window, of.limit), whole64(min(max(now-t.at, 0), of.window))
		if back := new(big.Rat).Sub(cost, gone); back.Sign() > 0 {
			p.back = new(big.Rat).Add(whole64(now), p.owed(now))
			p.back.Sub(p.back, back)
		}
	case p.end == t.end:
		p.running = less(p.running, t.cost)
	case p.algorithm == sliding && p.end == t.end+of.window:
		p.before = less(p.before, t.cost)
	}
	p.written = now
	if p.left(of, now) == of.limit { // where nothing counts, no window runs
		*p = purse{algorithm: p.algorithm, written: now}
	}
}

// over tells whether nothing that was spent counts any more, so that nothing is written.
func (p *purse) over(of plan, now int64) bool {
	switch p.algorithm {
	case gcra:
		return p.owed(now).Sign() == 0
	case sliding:
		return now >= p.end+of.window
	}
	return now >= p.end
}

// less is a list without one of the costs.
func less(costs []int, cost int64) []int {
	i := slices.Index(costs, int(cost))
	if i < 0 {
		return costs
	}
	return slices.Delete(slices.Clone(costs), i, i+1)
}

// until is the first millisecond at which so much may be spent.
func (p *purse) until(of plan, wanted, now int64) int64 {
	return now + int64(sort.Search(int(2*of.window), func(i int) bool { return p.left(of, now+int64(i)) >= wanted }))
}

func sum(costs []int) (all int64) {
	for _, cost := range costs {
		all += int64(cost)
	}
	return all
}
