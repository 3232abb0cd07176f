package model

import (
	"net/netip"
	"slices"
)

// tallied is what one of a surface's keys counts together.
type tallied struct {
	surface string
	key     int
	client  netip.Prefix // of a key without client: none
	what    string
}

// tally are the failures of one account or credential.
type tally struct {
	count     int
	windowEnd int64
	// turn is when the next attempt may pass, where attempts are slowed down.
	turn int64
}

func (t *tally) moments() []int64 { return []int64{t.windowEnd, t.turn, t.turn} }

// named is a tally that a request counts in.
type named struct {
	at    int // among the surface's keys
	key   *Key
	tally *tally
}

// name tells what a request attempts.
func (m *Model) name(v *visit, per, what string) {
	for i := range v.rule.Keys {
		k := &v.rule.Keys[i]
		if what == "" || !slices.Contains(k.Per, per) {
			continue
		}
		at := tallied{surface: v.surface.Name, key: i, what: what}
		if slices.Contains(k.Per, perClient) {
			at.client = v.at.client
		}
		if m.tallies[at] == nil {
			m.tallies[at] = &tally{}
			m.order = append(m.order, m.tallies[at])
		}
		v.named = append(v.named, named{i, k, m.tallies[at]})
	}
}

// fail counts a failure. The window runs from the first one on, or from the last
// one where attempts are slowed down.
func (t *tally) fail(k *Key, now int64) {
	if now >= t.windowEnd {
		*t = tally{windowEnd: now + milliseconds(k.Window)}
	}
	if k.Action == slow {
		t.windowEnd = now + milliseconds(k.Window)
	}
	t.count++
}

// used tells whether a tally's allowance is used up.
func (n *named) used(now int64) bool {
	return n.tally.count >= n.key.Failures && now < n.tally.windowEnd
}

// refusedByKeys tells why one of the keys refuses a request, in their order, and
// for how many seconds.
func (m *Model) refusedByKeys(all []named) (reason string, left int64) {
	slices.SortStableFunc(all, func(a, b named) int { return a.at - b.at })
	for _, n := range all {
		switch {
		case !n.used(m.Now):
		case n.key.Action == lock:
			return "locked_out", wholeSeconds(n.tally.windowEnd - m.Now)
		case m.Now < n.tally.turn:
			return "rate_limited", wholeSeconds(n.tally.turn - m.Now)
		}
	}
	return "", 0
}

// takeTurns lets the request pass and others wait: for a second at the limit,
// twice as long with each failure beyond it, 30 seconds at the most.
func (m *Model) takeTurns(all []named) {
	for _, n := range all {
		if n.used(m.Now) && n.key.Action == slow {
			wait := int64(1000)
			for beyond := n.tally.count - n.key.Failures; beyond > 0 && wait < 30_000; beyond-- {
				wait *= 2
			}
			n.tally.turn = m.Now + min(wait, 30_000)
		}
	}
}
