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

// tightest is the rule that bounds a request most, with the seconds until there is
// more and the same as X-RateLimit-Reset has it.
func (m *Model) tightest(v *visit) (best *due, seconds, reset int64) {
	for i := range v.dues {
		d := &v.dues[i]
		switch {
		case !d.enforced():
		case best == nil, best.fits && !d.fits, !best.fits && !d.fits && d.more > best.more,
			best.fits && d.fits && (d.left < best.left || d.left == best.left && d.more > best.more):
			best = d
		}
	}
	if best == nil {
		return nil, 0, 0
	}
	wait := max(best.more-m.Now, 0)
	seconds = wholeSeconds(wait)
	if m.setup.XReset != epoch {
		return best, seconds, seconds
	}
	// Not before the second of the time of day at which it is.
	reset = wholeSeconds(m.Now + wallAhead + wait)
	return best, wholeSeconds(reset*1000 - m.Now - wallAhead), reset
}

// tell is what a response says, to which the service may have said something of
// its own and the filter of a lockout.
func (m *Model) tell(v *visit, lockout string, own *Limits) (t Told) {
	if own != nil {
		t = Told{own.policy(), own.standing(), fmt.Sprint(own.Limit), fmt.Sprint(own.Left), fmt.Sprint(own.Reset)}
	}
	t.Standing = join(t.Standing, lockout)
	best, seconds, reset := m.tightest(v)
	if best == nil {
		return t
	}
	var policies []string
	for i := range v.dues {
		if d := &v.dues[i]; d.enforced() {
			policies = append(policies, fmt.Sprintf("%q;q=%d;w=%d", d.quota.Name, d.plan.limit, d.plan.window/1000))
		}
	}
	t.Policy = join(t.Policy, strings.Join(policies, ", "))
	t.Standing = join(t.Standing, fmt.Sprintf("%q;r=%d;t=%d", best.quota.Name, best.left, seconds))
	if m.setup.XReset != none && (own == nil || !own.stricter(best.left, reset)) {
		t.Limit, t.Remaining, t.Reset = fmt.Sprint(best.plan.limit), fmt.Sprint(best.left), fmt.Sprint(reset)
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
