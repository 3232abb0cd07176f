package config

import "strconv"

// warnPrices warns about calls that a tier may make, but never pay for: they cost more than
// the tier's whole limit.
func (c *Config) warnPrices(warn *warnings) {
	if c.MCP == nil {
		return
	}
	for i := range c.Quotas {
		q := &c.Quotas[i]
		if q.Unit != Credits || q.Off() || q.Mode != ModeEnforce || len(q.Paths)+len(q.Methods) > 0 {
			continue
		}
		for j := range c.MCP.Tools {
			c.warnPrice(&c.MCP.Tools[j], location{"mcp.tools", j, ""}, q, warn)
		}
		c.warnPrice(&c.MCP.OtherTools, at("mcp.other_tools"), q, warn)
	}
}

// warnPrice warns about one tool and one budget, once. Callers whom the limit "default" is for
// are left out if the tool is not for everybody: most often, nobody is one of them.
func (c *Config) warnPrice(t *Tool, path location, q *Quota, warn *warnings) {
	m := c.MCP
	check := func(rank int, who string, limit uint32) (warned bool) {
		what, price := t.leastPayable(m, rank, limit)
		if price == 0 {
			return false
		}
		warn.add(path, "costs at least %s credits%s, more than the limit of %s that the quota %q has for %s"+
			", who can never pay it; raise the limit, lower the cost, or give the tool or the value a higher tier", strconv.FormatUint(price, 10), what, strconv.FormatUint(uint64(limit), 10), q.Name, who)
		return true
	}
	if len(q.Tiers) == 0 {
		check(len(m.Tiers), "all callers", q.Limit)
		return
	}
	for i := range q.Tiers {
		tier := &q.Tiers[i]
		if check(m.rankOf(tier.Tier), "the tier "+quote(tier.Tier), tier.Limit) {
			return
		}
	}
	if t.Tier == "" && len(m.ToolScopes(t)) == 0 {
		check(0, "all other callers", q.Limit)
	}
}

// rankOf returns the place of a tier among the tiers, counted from 1, and 0 for all others.
func (m *MCP) rankOf(tier string) int { return indexOf(m.Tiers, tier) + 1 }

// leastPayable looks for what callers of a rank may call and not pay with a limit: the tool
// itself, or else a value of an argument. It returns the least price of that, 0 if there is
// nothing.
func (t *Tool) leastPayable(m *MCP, rank int, limit uint32) (what string, price uint64) {
	if limit == 0 || limit == NoLimit || m.rankOf(t.Tier) > rank {
		return "", 0
	}
	if least := t.least(m, rank, -1, 0); least > uint64(limit) {
		return "", least
	}
	for i := range t.Arguments {
		a := &t.Arguments[i]
		for j := range a.Values {
			v := &a.Values[j]
			if m.rankOf(v.Tier) > rank {
				continue
			}
			if least := t.least(m, rank, i, v.Times); least > uint64(limit) {
				return " with the value " + quote(v.Value) + " of " + quote(a.Way[len(a.Way)-1]), least
			}
		}
	}
	return "", 0
}

// least returns the least price of a call that callers of a rank may make. The argument at a
// place has the factor times; -1 is no place.
func (t *Tool) least(m *MCP, rank, place int, times uint32) uint64 {
	price := uint64(t.Cost)
	for i := range t.Arguments {
		factor := times
		if i != place {
			factor = t.Arguments[i].least(m, rank)
		}
		if price *= uint64(factor); price > NoLimit {
			price = NoLimit // far above what can be a limit
		}
	}
	return price
}

// least returns the smallest factor of an argument for callers of a rank.
func (a *ToolArgument) least(m *MCP, rank int) uint32 {
	factor, highest := a.Absent, 0
	for i := range a.Values {
		v := &a.Values[i]
		needs := m.rankOf(v.Tier)
		highest = max(highest, needs)
		if needs <= rank {
			factor = min(factor, v.Times)
		}
	}
	if a.MaxCount > 0 {
		factor = min(factor, 1)
	}
	if highest <= rank {
		factor = min(factor, a.Other)
	}
	return factor
}
