package model

import (
	"fmt"
	"strings"
)

// Told is what a response says of quotas, each header's lines in one.
type Told struct{ Policy, Standing, Limit, Remaining, Reset string }

// Forms of X-RateLimit-Reset.
const (
	epoch = "epoch"
	none  = "off"
)

// wallAhead is by how much the stand-in's time of day is ahead of its other clock,
// in milliseconds.
const wallAhead = 1_800_000_000_000 - firstTime

// item is what is told of a rule: how it stands, with the seconds until there is more and
// the same as X-RateLimit-Reset has it.
type item struct {
	*due
	seconds, reset int64
}

// tightest are the rules of each unit that bound a request most, first the one that refuses
// it, and otherwise that of requests. There may be no second one, or none.
func (m *Model) tightest(v *visit) (first, second item) {
	first, second = m.tightestOf(v, ""), m.tightestOf(v, inCredits)
	if first.due == nil || second.due != nil && first.fits && !second.fits {
		return second, first
	}
	return first, second
}

func (m *Model) tightestOf(v *visit, unit string) item {
	var best *due
	for i := range v.dues {
		d := &v.dues[i]
		switch {
		case !d.enforced() || d.quota.Unit != unit:
		case best == nil, best.fits && !d.fits, best.fits == d.fits && !best.never() && d.never(),
			!best.fits && !d.fits && best.never() == d.never() && d.more > best.more,
			best.fits && d.fits && (d.left < best.left || d.left == best.left && d.more > best.more):
			best = d
		}
	}
	if best == nil {
		return item{}
	}
	wait := max(best.more-m.Now, 0)
	seconds := wholeSeconds(wait)
	if m.setup.XReset != epoch {
		return item{best, seconds, seconds}
	}
	// Not before the second of the time of day at which it is.
	reset := wholeSeconds(m.Now + wallAhead + wait)
	return item{best, wholeSeconds(reset*1000 - m.Now - wallAhead), reset}
}

func (i *item) text() string {
	return fmt.Sprintf("%q;r=%d;t=%d", i.quota.Name, i.left, i.seconds)
}

// policy is what is told of a rule whatever was spent.
func (d *due) policy() string {
	unit := ""
	if d.quota.Unit == inCredits {
		unit = `;qu="credits"`
	}
	return fmt.Sprintf("%q;q=%d%s;w=%d", d.quota.Name, d.plan.limit, unit, d.plan.window/1000)
}

// tell is what a response says, to which the service may have said something of
// its own and the filter of a lockout.
func (m *Model) tell(v *visit, lockout string, own *Limits) (t Told) {
	if own != nil {
		t = Told{own.policy(), own.standing(), fmt.Sprint(own.Limit), fmt.Sprint(own.Left), fmt.Sprint(own.Reset)}
	}
	t.Standing = join(t.Standing, lockout)
	first, second := m.tightest(v)
	if first.due == nil {
		return t
	}
	var policies []string
	for _, unit := range []string{"", inCredits} {
		for i := range v.dues {
			if d := &v.dues[i]; d.enforced() && d.quota.Unit == unit {
				policies = append(policies, d.policy())
			}
		}
	}
	t.Policy = join(t.Policy, strings.Join(policies, ", "))
	standing := first.text()
	if second.due != nil {
		standing += ", " + second.text()
	}
	t.Standing = join(t.Standing, standing)
	if m.setup.XReset != none && (own == nil || !own.stricter(first.left, first.reset)) {
		t.Limit, t.Remaining, t.Reset = fmt.Sprint(first.plan.limit), fmt.Sprint(first.left), fmt.Sprint(first.reset)
	}
	return t
}

func join(lines ...string) string {
	var there []string
	for _, line := range lines {
		if line != "" {
			there = append(there, line)
		}
	}
	return strings.Join(there, " | ")
}

// Limits are what the service says of limits of its own.
type Limits struct{ Limit, Left, Reset int64 }

func (l *Limits) policy() string { return fmt.Sprintf(`"theirs";q=%d;w=60`, l.Limit) }

func (l *Limits) standing() string { return fmt.Sprintf(`"theirs";r=%d;t=5`, l.Left) }

// stricter tells whether less is left there, or as little for longer. A time of
// day and a time to wait cannot be compared, and theirs stays.
func (l *Limits) stricter(left, reset int64) bool {
	const firstEpoch = 1_000_000_000
	return l.Left < left || l.Left == left && (l.Reset >= reset || (l.Reset >= firstEpoch) != (reset >= firstEpoch))
}
