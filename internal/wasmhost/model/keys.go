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
	per, what string
	key       *Key
	tally     *tally
	inForm    bool
	sprayed   bool // spraying slows it down, which counts in its own way
}

// nameAccount notes the account that a request attempts. One that is in both the header
// and the form counts as in the form.
func (m *Model) nameAccount(v *visit, account string, inForm bool) {
	if account == "" {
		return
	}
	if !slices.Contains(v.accounts, account) {
		v.accounts = append(v.accounts, account)
		m.name(v, perAccount, account)
		if spraying := &v.rule.Spraying; spraying.Action == slow {
			t := &m.sprayedAt(v, account).tally
			v.named = append(v.named, named{per: perAccount, what: account, key: spraying.slowKey(), tally: t, sprayed: true})
		}
	}
	for i := range v.named {
		n := &v.named[i]
		n.inForm = n.inForm || inForm && n.per == perAccount && n.what == account
	}
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
		v.named = append(v.named, named{per: per, what: what, key: k, tally: m.tallies[at]})
	}
}

// failKey counts a failure, unless it repeats another one. The window runs from the first
// one on, or from the last one where attempts are slowed down.
func (m *Model) failKey(v *visit, t *tally, k *Key) {
	end := m.Now + milliseconds(k.Window)
	if m.Now >= t.windowEnd {
		*t = tally{windowEnd: end}
	}
	if k.Action == lock {
		end = t.windowEnd
	}
	if !m.repeats(v, t, end) {
		t.windowEnd = end
		t.count++
	}
}

// holds tells whether a tally's allowance is used up, and its key has a say in
// the request: a credential that is known as good excuses it, but not from an
// account in the form where the form is what logs in.
func (m *Model) holds(v *visit, n *named) bool {
	excused := v.known && (!n.inForm || v.surface.challenges())
	return !excused && n.tally.count >= n.key.Failures && m.Now < n.tally.windowEnd
}

// refusedByKeys tells why one of the keys refuses a request, and for how many
// seconds: first those of the credential, then those of the account in the
// header, then those of the one in the form.
func (m *Model) refusedByKeys(v *visit) (reason string, left int64) {
	for i := range v.named {
		n := &v.named[i]
		switch {
		case !m.holds(v, n):
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
func (m *Model) takeTurns(v *visit) {
	for i := range v.named {
		if n := &v.named[i]; m.holds(v, n) && n.key.Action == slow {
			wait := int64(1000)
			for beyond := n.tally.count - n.key.Failures; beyond > 0 && wait < 30_000; beyond-- {
				wait *= 2
			}
			n.tally.turn = m.Now + min(wait, 30_000)
		}
	}
}
