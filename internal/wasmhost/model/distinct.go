package model

import (
	"strings"
	"time"
)

// Distinct is a limit on how many different things fail together: stuffing or
// spraying, which are off without it.
type Distinct struct {
	Limit  int
	Window time.Duration
	Action string
}

const report = "report"

func (d Distinct) withDefaults(window time.Duration) Distinct {
	return Distinct{d.Limit, or(d.Window, window), or(d.Action, report)}
}

func (d Distinct) json(limit string) object {
	o := fields{limit: d.Limit}
	o.lasts("window", d.Window)
	o.set("action", d.Action != "", d.Action)
	return object(o)
}

// variety are the different credentials of a client that failed, or the different
// clients that failed at an account. Its count are those, until attempts are
// slowed down: from then on it counts failures, as a key's tally.
type variety struct {
	tally
	seen map[string]bool
}

// meets tells whether something is new in the window, which runs from the first
// one on.
func (y *variety) meets(what string, rule *Distinct, now int64) bool {
	if now >= y.windowEnd {
		*y = variety{tally: tally{windowEnd: now + milliseconds(rule.Window)}, seen: map[string]bool{}}
	}
	if y.seen[what] {
		return false
	}
	y.seen[what] = true
	y.count++
	return true
}

// full tells whether the limit is reached.
func (y *variety) full(rule *Distinct, now int64) bool {
	return y.count >= rule.Limit && now < y.windowEnd
}

// slowKey is spraying as the key that it is for those who attempt the account.
func (d *Distinct) slowKey() *Key {
	return &Key{Failures: d.Limit, Window: d.Window, Action: slow}
}

func varietyOf[K comparable](m *Model, all map[K]*variety, at K) *variety {
	if all[at] == nil {
		all[at] = &variety{}
		m.order = append(m.order, all[at])
	}
	return all[at]
}

// tried names the credential with which a request failed, "" for none. Where a
// form logs in, that is whatever account it attempts.
func (m *Model) tried(v *visit, r *Request) string {
	if v.surface.challenges() {
		return principal(m.setup, r)
	}
	return strings.Join(v.accounts, "\n")
}

// stuff counts the different credentials of a client. Beyond the limit, only one
// that locks the client out is remembered.
func (m *Model) stuff(v *visit, r *Request) {
	rule, what := &v.rule.Stuffing, m.tried(v, r)
	if rule.Limit == 0 || what == "" {
		return
	}
	y := varietyOf(m, m.stuffed, v.at)
	locks := rule.Action == lock && !m.isLocked(v.counter)
	if y.full(rule, m.Now) && !locks || !y.meets(what, rule, m.Now) || !y.full(rule, m.Now) {
		return
	}
	if y.count == rule.Limit {
		m.Metrics["gatewarden_stuffing_total.surface."+v.surface.Name]++
	}
	if locks {
		m.lockOut(v.counter, &v.rule, y.windowEnd, rule.Window)
		m.Metrics["gatewarden_lockouts_total.surface."+v.surface.Name]++
	}
}

// spray counts the different clients that failed at each account. Once they slow
// attempts down, the window runs from the last failure on.
func (m *Model) spray(v *visit) {
	rule := &v.rule.Spraying
	if rule.Limit == 0 {
		return
	}
	for _, account := range v.accounts {
		y := m.sprayedAt(v, account)
		if y.full(rule, m.Now) {
			if rule.Action == slow {
				m.failKey(v, &y.tally, rule.slowKey())
			}
			continue
		}
		if !y.meets(v.at.client.String(), rule, m.Now) || !y.full(rule, m.Now) {
			continue
		}
		m.Metrics["gatewarden_spraying_total.surface."+v.surface.Name]++
		if rule.Action == slow {
			y.windowEnd = m.Now + milliseconds(rule.Window)
		}
	}
}

func (m *Model) sprayedAt(v *visit, account string) *variety {
	return varietyOf(m, m.sprayed, tallied{surface: v.surface.Name, what: account})
}
