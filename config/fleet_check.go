package config

// checkFleet checks what the fleet counts against the surfaces and the quotas.
func (d *draft) checkFleet(out *violations) {
	f := d.Fleet
	for i := range f.Rules {
		switch r := &f.Rules[i]; {
		case r.Rule == fleetUnknown:
			continue
		case r.Rule.ofQuotas():
			d.checkFleetQuotas(i, out)
		default:
			d.checkFleetSurfaces(i, out)
		}
		f.checkFleetOnce(i, out)
	}
	for i := range d.Surfaces {
		f.checkWindowsOfSurface(&d.Surfaces[i], i, out)
	}
	for i := range d.Quotas {
		if q := &d.Quotas[i]; f.Quota(q) != nil {
			checkFleetQuota(q, i, out)
		}
	}
}

// checkFleetSurfaces refuses surfaces that have no such rule.
func (d *draft) checkFleetSurfaces(i int, out *violations) {
	r := &d.Fleet.Rules[i]
	names, read := d.surfaceNames()
	if !read {
		return
	}
	for j, name := range r.Surfaces {
		path := fleetPath(i, element("surfaces", j))
		switch at := indexOf(names, name); {
		case name == "": // which could not be read
		case at < 0:
			out.unknown(path, name, names, "surface")
		case d.Surfaces[at].Lockout.off():
			out.add(path, "%q has no lockout, because its failures are 0 or its mode is off; remove it from the list", name)
		case !r.Rule.isOn(&d.Surfaces[at]):
			out.add(path, "%q has no lockout.%s; add it there, or remove %q from the list", name, r.Rule.String(), name)
		}
	}
}

// checkFleetQuotas refuses quotas that are not there or count another unit.
func (d *draft) checkFleetQuotas(i int, out *violations) {
	r := &d.Fleet.Rules[i]
	var names []string
	found := len(r.Names) > 0
	for j := range d.Quotas {
		q := &d.Quotas[j]
		if q.Name == "" {
			return
		}
		names = append(names, q.Name)
		found = found || r.Rule == fleetPartOf(q)
	}
	if !found {
		out.add(fleetPath(i, "rule"), "%q counts nothing, because no quota has the unit %s; add one, or remove the rule", r.Rule.String(), r.Rule.unit())
	}
	for j, name := range r.Names {
		path := fleetPath(i, element("names", j))
		switch at := indexOf(names, name); {
		case name == "":
		case at < 0:
			out.unknown(path, name, names, "quota")
		case r.Rule != fleetPartOf(&d.Quotas[at]):
			right := fleetPartOf(&d.Quotas[at])
			out.add(path, `%q counts %s; name it in a rule "%s"`, name, right.unit(), right.String())
		}
	}
}

// unit returns the unit of the quotas in a rule.
func (p FleetPart) unit() string {
	if p == FleetBudgets {
		return "credits"
	}
	return "requests"
}

// checkFleetOnce refuses to list a surface or quota where an earlier rule of the same kind
// has it: it would be unclear which of them holds.
func (f *Fleet) checkFleetOnce(i int, out *violations) {
	r := &f.Rules[i]
	key, list := r.listed()
	for j := range f.Rules[:i] {
		other := &f.Rules[j]
		if other.Rule != r.Rule {
			continue
		}
		_, before := other.listed()
		if len(list) == 0 || len(before) == 0 {
			out.add(fleetPath(i, ""), "repeats %q of %s; list different %s in both, or remove one", r.Rule.String(), fleetPath(j, "").String(), key)
			return
		}
		for k, name := range list {
			if name != "" && indexOf(before, name) >= 0 {
				out.add(fleetPath(i, element(key, k)), "%q is in %s, too; remove one of them", name, fleetPath(j, key).String())
			}
		}
	}
}

// listed returns the names that a rule is for, and the key that lists them.
func (r *FleetRule) listed() (key string, list []string) {
	if r.Rule.ofQuotas() {
		return "names", r.Names
	}
	return "surfaces", r.Surfaces
}

// checkWindowsOfSurface refuses windows that the service cannot count in.
func (f *Fleet) checkWindowsOfSurface(s *Surface, i int, out *violations) {
	const leave = "leave the surface out of fleet.rules"
	if f.Lockouts(s) != nil || f.Wide(s) != nil {
		checkFleetWindow(s.Lockout.Window, surfacePath(i, "lockout.window"), leave, out)
	}
	if f.Keys(s) == nil {
		return
	}
	for j := range s.Lockout.Keys {
		k := &s.Lockout.Keys[j]
		checkFleetWindow(k.Window, surfacePath(i, element("lockout.keys", j)+".window"), leave, out)
	}
}

// checkFleetQuota refuses what the service cannot count: it has fixed windows only.
func checkFleetQuota(q *Quota, i int, out *violations) {
	const leave = "leave the quota out of fleet.rules"
	if q.Algorithm != FixedWindow {
		out.add(quotaPath(i, "algorithm"), `has to be "fixed_window" for a quota that the fleet counts; remove it, or `+leave)
	}
	if q.Calendar == CalendarMonth {
		out.add(quotaPath(i, "window"), `"month" is longer than a day, the longest window of the fleet; `+
			"have a quota_service keep such a budget, or "+leave)
		return
	}
	checkFleetWindow(q.Window, quotaPath(i, "window"), leave, out)
}

// checkFleetWindow refuses a window that is no part of a unit of the service.
func checkFleetWindow(window int64, path location, leave string, out *violations) {
	_, ok := FleetUnit(window)
	switch {
	case ok || window == unreadable:
	case window > day:
		out.add(path, `%q is longer than a day, the longest window of the fleet; write "1d" or less, or %s`, formatDuration(window), leave)
	default:
		below, above := nearestWindows(window)
		out.add(path, "%q does not divide a day evenly, as a window of the fleet has to; write "+
			"%q or %q, or %s", formatDuration(window), formatDuration(below), formatDuration(above), leave)
	}
}

// nearestWindows returns the nearest windows that the fleet can have, in whole hours or
// minutes if the window is of whole ones. The window is shorter than a day.
func nearestWindows(window int64) (below, above int64) {
	step := second
	for _, longer := range [...]int64{minute, hour} {
		if window%longer == 0 {
			step = longer
		}
	}
	below, above = window-step, window+step
	for day%below != 0 {
		below -= step
	}
	for day%above != 0 {
		above += step
	}
	return below, above
}

// fleetPath returns the path of a key of the i-th rule, or of the rule itself if key is
// empty.
func fleetPath(i int, key string) location { return location{"fleet.rules", i, key} }

// warnFleet warns about what the fleet does not do.
func (c *Config) warnFleet(warn *warnings) {
	f := c.Fleet
	if f == nil {
		return
	}
	if len(c.FleetLimits()) == 1 { // FleetUnlock
		warn.add(at("fleet.rules"), "count nothing, because no surface or quota that they are for has a limit, so that each proxy counts alone; "+
			"list rules that have one, or remove fleet")
	}
	divides := false
	for i := range f.Rules {
		r := &f.Rules[i]
		divides = divides || r.OnError == OnErrorLocal
		for j := range c.Surfaces {
			if s := &c.Surfaces[j]; r.OnError == OnErrorOpen && s.Kind.authorizes() && f.Lockouts(s) == r {
				warn.add(fleetPath(i, "on_error"), "locks nobody out on the surface %q while the service does not answer, so that "+
					`whoever can disturb it can guess without limit; write "local"`, s.Name)
				break
			}
		}
	}
	if divides && f.Replicas == 0 {
		warn.add(at("fleet.replicas"), "is missing, so that each proxy admits the whole limit while the service does not answer; "+
			"write the number of proxies")
	}
	for i := range c.Surfaces {
		if s := &c.Surfaces[i]; f.Lockouts(s) != nil {
			s.Lockout.warnFleet(i, warn)
		}
	}
}

// warnFleet warns about parts of a lockout that other proxies do not follow.
func (l *Lockout) warnFleet(i int, warn *warnings) {
	if l.ResetOnSuccess {
		warn.add(surfacePath(i, "lockout.reset_on_success"), "takes failures back in this proxy only, so that the fleet's counter keeps them and "+
			"locks the client out all the same; remove it, or leave the surface out of fleet.rules")
	}
	const late = ", so that a proxy which sees the client for the first time after the window does not know of the lockout; "
	if l.Duration > l.Window {
		warn.add(surfacePath(i, "lockout.duration"), "is longer than the window, for which the fleet counts"+late+
			"write a window of this length, or no duration")
	}
	if l.Escalate.Max > l.Window {
		warn.add(surfacePath(i, "lockout.escalate.max"), "is longer than the window, for which the fleet counts"+late+
			"write a longer window, or remove escalate")
	}
}
