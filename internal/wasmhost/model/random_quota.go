package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// drawRules draws quotas, and the identities that they need.
func (g *generator) drawRules(s *Setup) {
	g.drawIdentity(s)
	s.XReset = one(g, "", "", epoch, none)
	for i := range 1 + g.IntN(4) {
		s.Quotas = append(s.Quotas, g.drawQuota(s, i))
	}
}

func (g *generator) drawIdentity(s *Setup) {
	headers := Source{Nameless: g.sometimes(4), DefaultTier: one(g, "", "", "free")}
	keys := Source{DefaultTier: one(g, "", "pro"), Keys: []APIKey{
		{ID: "one", Secret: "a", Subject: "ann", Tenant: one(g, "", "acme"), Tier: one(g, "", "free", "pro")},
		{ID: "two", Secret: "b", Tier: one(g, "", "gold")},
	}}
	s.Identity = one(g, nil, []Source{headers}, []Source{headers}, []Source{keys}, []Source{headers, keys}, []Source{keys, headers})
	for i := range s.Surfaces {
		if surface := &s.Surfaces[i]; s.Identity != nil && surface.challenges() {
			surface.Require = g.sometimes(6)
		}
	}
}

// drawQuota draws the rule at a place in the list.
func (g *generator) drawQuota(s *Setup, place int) Quota {
	const sec = time.Second
	q := Quota{
		Name: fmt.Sprint("rule-", place), Limit: g.drawLimit(), Mode: one(g, "", "", "", "", enforce, shadow, off),
		Window:    one(g, 1*sec, 10*sec, 10*sec, 60*sec, 60*sec, 600*sec, 30*24*3600*sec),
		Algorithm: one(g, "", fixed, sliding, sliding, gcra, gcra),
	}
	for _, i := range g.Perm(len(s.Surfaces))[:g.IntN(2)*(1+g.IntN(len(s.Surfaces)))] {
		q.Surfaces = append(q.Surfaces, s.Surfaces[i].Name)
	}
	parts := []string{perClient, perClient, perCredential, perSubject, perSubject, perTenant, perPath}
	g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for _, per := range parts[:1+g.IntN(2)] {
		if !slices.Contains(q.Per, per) {
			q.Per = append(q.Per, per)
		}
	}
	if g.sometimes(2) {
		q.Tiers = map[string]int{"free": g.drawLimit()}
		if g.sometimes(2) {
			q.Tiers["pro"], q.Limit = g.drawLimit(), one(g, q.Limit, unlimited, 1+g.IntN(20))
		}
	}
	q.even()
	g.drawFor(&q, s)
	for i := range place {
		if g.sometimes(4) {
			q.Overrides = append(q.Overrides, s.Quotas[i].Name)
		}
	}
	g.drawCosts(&q, s)
	return q
}

func (g *generator) drawLimit() int {
	return one(g, 1+g.IntN(5), 1+g.IntN(12), 1+g.IntN(12), 5+g.IntN(20), 10+g.IntN(60), one(g, 0, unlimited, 1_000_000_000))
}

// even makes what comes back one by one come back at whole milliseconds, where
// counters may be held to several limits: what is left of a millisecond under one
// limit is little more than that under another.
func (q *Quota) even() {
	if q.Algorithm != gcra {
		return
	}
	whole := func(limit int) int {
		for _, n := range []int{100, 50, 20, 10, 5, 4, 2, 1} {
			if limit >= n && limit < 1000 {
				return n
			}
		}
		return min(limit, 1000)
	}
	if q.Tiers != nil {
		q.Limit = whole(q.Limit)
	}
	for tier, limit := range q.Tiers {
		q.Tiers[tier] = whole(limit)
	}
}

// drawFor draws what requests a rule is for.
func (g *generator) drawFor(q *Quota, s *Setup) {
	if g.sometimes(3) {
		for range 1 + g.IntN(2) {
			q.Paths = append(q.Paths, g.drawPattern(q, s))
		}
	}
	if g.sometimes(6) {
		q.Methods = one(g, []string{"POST"}, []string{"GET", "delete"})
	}
}

// drawPattern draws one that some of the rule's requests match.
func (g *generator) drawPattern(q *Quota, s *Setup) Match {
	var on []Match
	for i := range s.Surfaces {
		if q.Surfaces == nil || slices.Contains(q.Surfaces, s.Surfaces[i].Name) {
			on = append(on, s.Surfaces[i].Match...)
		}
	}
	m := one(g, on...)
	if !g.sometimes(4) {
		m.Path = strings.ToLower(m.Path)
	}
	if m.Prefix {
		m.Path += one(g, "", "", "/items", "/users")
	}
	m.Prefix, m.Methods = g.sometimes(2), one(g, nil, nil, []string{"POST"}, []string{"GET"})
	switch {
	case m.Hosts != nil && g.sometimes(2):
		m.Hosts = nil
	case m.Hosts == nil && g.hosts && g.sometimes(3):
		m.Hosts = g.drawListed()
	}
	return m
}

func (g *generator) drawCosts(q *Quota, s *Setup) {
	least := 3
	for _, limit := range append([]int{q.Limit}, q.Tiers["free"], q.Tiers["pro"]) {
		if limit > 0 {
			least = min(least, limit)
		}
	}
	switch g.IntN(4) {
	case 0:
		q.Cost = 1 + g.IntN(least)
	case 1:
		for range 1 + g.IntN(2) {
			m := g.drawPattern(q, s)
			m.Hosts = nil // costs are the same at all hosts
			q.Costs = append(q.Costs, Cost{m, g.IntN(1 + least)})
		}
	}
}

// redraw draws other limits for rules, and windows where what runs does not hang on
// them.
func (g *generator) redraw(rules []Quota) []Quota {
	const sec = time.Second
	rules = slices.Clone(rules)
	for i := range rules {
		q := &rules[i]
		if q.Tiers != nil || q.Limit <= 0 || q.Limit > 1000 || q.Calendar != "" || q.Algorithm == gcra && 1000%q.Limit > 0 || g.sometimes(2) {
			continue
		}
		if q.Limit = max(q.Limit+g.IntN(9)-4, 4); q.Algorithm == gcra {
			q.Limit = one(g, 4, 5, 10, 20)
		}
		if q.Algorithm != sliding {
			q.Window = one(g, q.Window, 10*sec, 60*sec)
		}
	}
	return rules
}

// drawClaim draws what the headers say of who is asking.
func (g *generator) drawClaim() (c Claim) {
	if g.sometimes(4) {
		return c
	}
	c.Subjects = []string{one(g, "ann", "ann", "ann", "bob")}
	if g.sometimes(12) {
		c.Subjects = one(g, nil, []string{"ann", "bob"}, []string{"ann", "ann"})
	}
	c.Tenant = one(g, "acme", "acme", "omni", "")
	c.Tier = one(g, "", "free", "free", "pro", "gold", "default")
	return c
}

// drawOwn draws limits that the service tells of.
func (g *generator) drawOwn() *Limits {
	if !g.sometimes(8) {
		return nil
	}
	return &Limits{100, int64(g.IntN(12)), one[int64](g, 1, 5, 60, 600, 1_800_000_000, 1_900_000_000)}
}
