package config

import "strconv"

// FleetLimit is a limit that the service of the fleet has in its domain file.
type FleetLimit struct {
	// Rule is the name under which the filter asks for it.
	Rule string
	// Limit is what the service admits within a Unit. For failures, it is one less than
	// configured: the failure that reaches the configured number is the first beyond it.
	Limit uint32
	// Unit is the time in milliseconds for which the service counts, see [FleetUnit].
	Unit int64
}

// The rules' names at the service. Names of surfaces and quotas have no slash, and the
// names of tiers are escaped, so that no two rules have the same name.
const (
	// FleetUnlock counts how often an operator has unlocked a client.
	FleetUnlock = "unlock"

	fleetLockout = "lockout/"
	fleetWide    = "wide/"
	fleetKey     = "key/"
	fleetQuota   = "quota/"
)

// FleetLockoutName is the service's name of a surface's lockout.
func FleetLockoutName(surface string) string { return fleetLockout + surface }

// FleetWideName is the service's name of a surface's lockout of networks.
func FleetWideName(surface string) string { return fleetWide + surface }

// FleetKeyName is the service's name of a surface's i-th failure key.
func FleetKeyName(surface string, i int) string { return fleetKey + surface + "/" + strconv.Itoa(i) }

// FleetQuotaName is the service's name of a quota's limit for a tier, or of its limit
// without a tier if that is "".
func FleetQuotaName(quota, tier string) string {
	if tier == "" {
		return fleetQuota + quota
	}
	return fleetQuota + quota + "/" + escapeTier(tier)
}

// escapeTier writes all bytes as %XX that are neither letters, digits, - nor _. The service
// would read a * at the end as any other text.
func escapeTier(tier string) string {
	const hex = "0123456789ABCDEF"
	escaped := make([]byte, 0, len(tier))
	for i := 0; i < len(tier); i++ {
		if c := tier[i]; isAlphanumeric(c) || c == '-' || c == '_' {
			escaped = append(escaped, c)
		} else {
			escaped = append(escaped, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(escaped)
}

// FleetUnit returns the shortest of second, minute, hour and day that is a multiple of the
// window. The service counts for such a time, and the filter divides it into windows. ok is
// false if there is none. All times are in milliseconds.
func FleetUnit(window int64) (unit int64, ok bool) {
	for _, unit := range [...]int64{second, minute, hour, day} {
		if window > 0 && unit%window == 0 {
			return unit, true
		}
	}
	return 0, false
}

// Lockouts returns the rule that the lockout of a surface takes part by. It is nil if the
// lockout does not take part, and so are those of the methods below. f may be nil.
func (f *Fleet) Lockouts(s *Surface) *FleetRule { return f.ofSurface(FleetLockouts, s) }

// Wide returns the same for the lockout of networks.
func (f *Fleet) Wide(s *Surface) *FleetRule { return f.ofSurface(FleetWide, s) }

// Keys returns the same for the failure keys.
func (f *Fleet) Keys(s *Surface) *FleetRule { return f.ofSurface(FleetKeys, s) }

// Quota returns the same for a quota of either unit.
func (f *Fleet) Quota(q *Quota) *FleetRule {
	if f == nil || q.Off() {
		return nil
	}
	for i := range f.Rules {
		if f.Rules[i].lists(q) {
			return &f.Rules[i]
		}
	}
	return nil
}

func (f *Fleet) ofSurface(part FleetPart, s *Surface) *FleetRule {
	if f == nil || !part.isOn(s) {
		return nil
	}
	for i := range f.Rules {
		if r := &f.Rules[i]; r.Rule == part && s.IsAmong(r.Surfaces) {
			return r
		}
	}
	return nil
}

// isOn reports whether a surface has rules of this kind with an effect.
func (p FleetPart) isOn(s *Surface) bool {
	l := &s.Lockout
	switch {
	case l.off():
		return false
	case p == FleetWide:
		return l.Wide.Failures > 0
	case p == FleetKeys:
		return len(l.Keys) > 0
	}
	return p == FleetLockouts
}

// lists reports whether the rule is for this quota.
func (r *FleetRule) lists(q *Quota) bool {
	return r.Rule == fleetPartOf(q) && (len(r.Names) == 0 || indexOf(r.Names, q.Name) >= 0)
}

// fleetPartOf returns the kind of rules that a quota is one of.
func fleetPartOf(q *Quota) FleetPart {
	if q.Unit == Credits {
		return FleetBudgets
	}
	return FleetQuotas
}

// FleetLimits lists what the service's domain file has: the limits of the surfaces in their
// order, then those of the quotas, of which each tier with a limit has its own, and
// [FleetUnlock]. It is empty without a fleet.
func (c *Config) FleetLimits() []FleetLimit {
	if c.Fleet == nil {
		return nil
	}
	var list []FleetLimit
	add := func(name string, limit uint32, window int64) {
		unit, _ := FleetUnit(window)
		list = append(list, FleetLimit{name, limit, unit})
	}
	for i := range c.Surfaces {
		s := &c.Surfaces[i]
		l := &s.Lockout
		if c.Fleet.Lockouts(s) != nil {
			add(FleetLockoutName(s.Name), l.Failures-1, l.Window)
		}
		if c.Fleet.Wide(s) != nil {
			add(FleetWideName(s.Name), l.Wide.Failures-1, l.Window)
		}
		if c.Fleet.Keys(s) != nil {
			for j := range l.Keys {
				k := &l.Keys[j]
				add(FleetKeyName(s.Name, j), k.Failures-1, k.Window)
			}
		}
	}
	for i := range c.Quotas {
		if q := &c.Quotas[i]; c.Fleet.Quota(q) != nil {
			q.fleetLimits(add)
		}
	}
	add(FleetUnlock, NoLimit, day)
	return list
}

// fleetLimits calls add for each limit of the quota. Callers without one are not counted.
func (q *Quota) fleetLimits(add func(name string, limit uint32, window int64)) {
	if limits(q.Limit) {
		add(FleetQuotaName(q.Name, ""), q.Limit, q.Window)
	}
	for i := range q.Tiers {
		t := &q.Tiers[i]
		if limits(t.Limit) {
			add(FleetQuotaName(q.Name, t.Tier), t.Limit, q.Window)
		}
	}
}

// limits reports whether a quota's limit limits anything.
func limits(limit uint32) bool { return limit > 0 && limit < NoLimit }

// Alone returns the limit that a proxy holds clients to while the service gives no answer.
// rule is how the limit takes part, nil if it does not.
func (f *Fleet) Alone(rule *FleetRule, limit uint32) uint32 {
	switch {
	case rule == nil || limit == 0:
		return limit
	case rule.OnError == OnErrorOpen:
		return NoLimit
	case rule.OnError == OnErrorClosed || f.Replicas == 0:
		return limit
	}
	replicas := uint32(f.Replicas)
	return limit/replicas + min(limit%replicas, 1)
}
