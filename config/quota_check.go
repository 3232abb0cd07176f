package config

import "strconv"

// checkQuotas checks the rules against each other and against the surfaces.
func (d *draft) checkQuotas(out *violations) {
	var names []string
	for i := range d.Quotas {
		q := &d.Quotas[i]
		names = append(names, q.Name)
		checkRuleName(names, quotaPath, out)
		d.checkQuotaSurfaces(i, out)
		d.checkCredits(i, out)
		checkCosts(q, i, out)
		if q.Calendar != NoCalendar && q.Algorithm != FixedWindow {
			out.add(quotaPath(i, "algorithm"), `has to be "fixed_window" for a window of the calendar; remove it, or write a duration as the window`)
		}
	}
	d.checkOverrides(out)
}

// checkQuotaSurfaces refuses names that no surface has, and paths that no surface
// of the rule has.
func (d *draft) checkQuotaSurfaces(i int, out *violations) {
	q := &d.Quotas[i]
	names, read := d.surfaceNames()
	if !read {
		return
	}
	known := true
	for j, name := range q.Surfaces {
		if indexOf(names, name) < 0 {
			known = false
			out.unknown(quotaPath(i, element("surfaces", j)), name, names, "surface")
		}
	}
	for j := range q.Paths {
		m := &q.Paths[j]
		path := quotaPath(i, element("paths", j))
		if by := coveredBy(m, d.exemptClaims()); by != nil {
			out.add(path, "%s", neverMatches(by))
		} else if known && !d.reaches(q, m) {
			out.add(path, "can never match: none of the rule's surfaces has such a path; correct it, or give it to a surface")
		}
	}
}

// checkCredits refuses a rule of credits that no request can be charged to.
func (d *draft) checkCredits(i int, out *violations) {
	q := &d.Quotas[i]
	names, read := d.surfaceNames()
	if q.Unit != Credits || !read {
		return
	}
	for _, name := range q.Surfaces {
		if indexOf(names, name) < 0 {
			return // which is told already
		}
	}
	if !d.paysFor(q.Surfaces) {
		out.add(quotaPath(i, "unit"), `counts credits, but mcp applies to none of the rule's surfaces; add mcp, or write "requests"`)
	}
}

// paysFor reports whether MCP calls can cost credits on one of the surfaces, or on any if
// none is named.
func (d *draft) paysFor(surfaces []string) bool {
	for i := range d.Surfaces {
		if s := &d.Surfaces[i]; s.IsAmong(surfaces) && (d.MCP.AppliesTo(s) || s.Kind == kindUnknown) {
			return true
		}
	}
	return false
}

// choices suggests the name that was probably meant, or lists all names.
func choices(name string, names []string, what string) string {
	if len(names) == 0 {
		return "there are none, so remove it"
	}
	return suggest(name, names, what)
}

// reaches reports whether a surface of the rule can own a request that m matches.
func (d *draft) reaches(q *Quota, m *Match) bool {
	if m.Path == "" {
		return true
	}
	for i := range d.Surfaces {
		if s := &d.Surfaces[i]; s.IsAmong(q.Surfaces) && s.reaches(m) {
			return true
		}
	}
	return false
}

// checkOverrides refuses names that no rule has, and rules that override each
// other in a circle, so that none would apply.
func (d *draft) checkOverrides(out *violations) {
	var names []string
	for i := range d.Quotas {
		if d.Quotas[i].Name == "" {
			return
		}
		names = append(names, d.Quotas[i].Name)
	}
	all := d.overridden(names)
	for i := range d.Quotas {
		q := &d.Quotas[i]
		for j, name := range q.Overrides {
			path := quotaPath(i, element("overrides", j))
			switch other := indexOf(names, name); {
			case other < 0:
				out.unknown(path, name, names, "rule")
			case other == i:
				out.add(path, "is the rule itself; remove it")
			case all[other]>>i&1 != 0:
				out.add(path, "%q overrides this rule, too, so that neither would be left; remove one of them", name)
			}
		}
	}
}

// overridden returns, for each rule, a bit for each rule that it overrides,
// directly or through others.
func (d *draft) overridden(names []string) []uint64 {
	all := make([]uint64, len(names))
	for i := range d.Quotas {
		q := &d.Quotas[i]
		for _, name := range q.Overrides {
			if other := indexOf(names, name); other >= 0 {
				all[i] |= 1 << other
			}
		}
	}
	for by := range all {
		for i := range all {
			if all[i]>>by&1 != 0 {
				all[i] |= all[by]
			}
		}
	}
	return all
}

// checkCosts refuses costs above the limit of some tier.
func checkCosts(q *Quota, i int, out *violations) {
	if len(q.Costs) == 0 && q.Unit == Requests {
		q.checkCost(q.Cost, quotaPath(i, "cost"), out)
	}
	for j := range q.Costs {
		c := &q.Costs[j]
		q.checkCost(c.Cost, quotaPath(i, element("cost", j)+".cost"), out)
	}
}

func (q *Quota) checkCost(cost uint32, path location, out *violations) {
	least, whose := q.Limit, ""
	if len(q.Tiers) > 0 {
		whose = `, that of the tier "default"`
	}
	for i := range q.Tiers {
		t := &q.Tiers[i]
		if t.Limit > 0 && (t.Limit < least || least == 0) {
			least, whose = t.Limit, ", that of the tier "+quote(t.Tier)
		}
	}
	if least > 0 && cost > least {
		out.add(path, "%s is above the limit %s%s, so that such a request would never pass; write less, or a higher limit", strconv.FormatUint(uint64(cost), 10), strconv.FormatUint(uint64(least), 10), whose)
	}
}

// quotaPath returns the path of a key of the i-th rule, or of the rule itself if
// key is empty.
func quotaPath(i int, key string) location { return location{"quotas", i, key} }

// warnQuotas warns about rules that are valid but dangerous.
func (c *Config) warnQuotas(warn *warnings) {
	active, limiting := 0, 0
	for i := range c.Quotas {
		q := &c.Quotas[i]
		if q.Off() {
			continue
		}
		active++
		if q.Limit > 0 && q.Limit < NoLimit {
			limiting++
		}
		for j := range q.Tiers {
			t := &q.Tiers[j]
			if t.Limit == 0 {
				warn.add(quotaPath(i, "limits."+t.Tier), `switches the rule off for this tier; write "unlimited" to say so, or a number above 0`)
			}
		}
		switch {
		case q.Per == PerPath:
			warn.add(quotaPath(i, "per"), "counts all callers together, so that one client can use up the allowance of all; add \"client\" or \"subject\"")
		case q.Per&PerPath != 0 && !c.boundsAllPaths(q):
			warn.add(quotaPath(i, "per"), "counts each path separately, so that a client that makes up paths has as many allowances as paths; "+
				"add a rule without path for the same surfaces")
		}
	}
	if active > 0 && limiting == 0 {
		warn.add(at("quotas"), "do not limit callers without a verified tier; write a number as the default of one of them")
	}
}

// boundsAllPaths reports whether another rule limits all paths together on the
// surfaces of a rule that counts by path.
func (c *Config) boundsAllPaths(by *Quota) bool {
	for i := range c.Quotas {
		q := &c.Quotas[i]
		if q.Off() || q.Mode != ModeEnforce || q.Per&PerPath != 0 || len(q.Paths)+len(q.Methods) > 0 {
			continue
		}
		all := len(q.Surfaces) == 0 || len(by.Surfaces) > 0
		for _, s := range by.Surfaces {
			all = all && (len(q.Surfaces) == 0 || indexOf(q.Surfaces, s) >= 0)
		}
		if all {
			return true
		}
	}
	return false
}
