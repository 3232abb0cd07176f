package quota

import (
	"slices"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/text"
)

// quota is a compiled quota.
type quota struct {
	*config.Quota
	place int // in the configuration
	// id keeps the counters of the quota apart from those of other quotas, and from
	// those that another algorithm wrote.
	id        []byte
	kind      algorithm.Kind
	algorithm *algorithm.Algorithm
	part      part
	// hash stands for the quota in the journal.
	hash uint32
	// bit is the quota's bit, overrides the bits of the quotas that it overrides.
	bit, overrides uint64
	paths          []config.Match // in normal form
	costs          []config.Cost  // with paths in normal form
	// limits are those of the tiers. The last one is that of all other callers.
	limits []allowance

	admitted, refused, shadowed, unverified report.Counter
	credits                                 report.Credits
}

// allowance is one of a quota's limits, with what replies say of it.
type allowance struct {
	tier           string
	algorithm.Plan // its Limit is 0 if the tier has no limit
	// number is the limit. policy is an item of RateLimit-Policy, without the window's
	// length if that differs from one window of the calendar to the next.
	number, policy string
}

// compile compiles the quota at its place in the configuration.
func (q *quota) compile(c *config.Config) {
	rule := &c.Quotas[q.place]
	q.Quota, q.bit, q.kind, q.part = rule, 1<<q.place, algorithm.KindOf(rule), partOf(c.Fleet, rule)
	const counts = 0x80 // sets rules of credits apart
	q.algorithm, q.id = algorithm.Of(q.kind), append([]byte{byte(q.kind) | counts*byte(rule.Unit)}, rule.Name...)
	// A quota in shadow mode must not change what is enforced.
	if rule.Mode == config.ModeEnforce {
		q.overrides = bitsOf(c.Quotas, rule.Overrides)
	}
	q.paths = append(q.paths, rule.Paths...)
	for i := range q.paths {
		q.paths[i].Path = request.Normal(q.paths[i].Path)
	}
	q.costs = append(q.costs, rule.Costs...)
	for i := range q.costs {
		q.costs[i].Path = request.Normal(q.costs[i].Path)
	}
	last := len(rule.Tiers)
	q.limits = make([]allowance, last+1)
	for i := range rule.Tiers {
		q.limits[i].compile(rule, q.kind, rule.Tiers[i].Tier, rule.Tiers[i].Limit)
	}
	q.limits[last].compile(rule, q.kind, "", rule.Limit)
}

// bitsOf returns the bits of the quotas with these names.
func bitsOf(all []config.Quota, names []string) (bits uint64) {
	for i := range all {
		if slices.Contains(names, all[i].Name) {
			bits |= 1 << i
		}
	}
	return bits
}

func (a *allowance) compile(rule *config.Quota, kind algorithm.Kind, tier string, units uint32) {
	if units == config.NoLimit {
		units = 0
	}
	a.tier, a.Limit, a.Window = tier, units, rule.Window
	a.number = text.Int(int64(units))
	unit := ""
	if rule.Unit == config.Credits {
		unit = `;qu="credits"` // otherwise it would say requests
	}
	length := ""
	if !kind.IsCalendar() {
		length = text.Int(rule.Window / 1000)
	}
	a.policy = text.Join(`"`, rule.Name, `";q=`, a.number, unit, ";w=", length)
}

// limitOf returns the limit of a tier, that of all other callers if it has none.
func (q *quota) limitOf(tier string) *allowance {
	last := len(q.limits) - 1
	for i := range q.limits[:last] {
		if q.limits[i].tier == tier {
			return &q.limits[i]
		}
	}
	return &q.limits[last]
}

// mayBeFor tells whether one of the request's readings leads to the quota.
func (q *quota) mayBeFor(t *request.Target) bool {
	if !request.MayAllow(q.Methods, t) {
		return false
	}
	for _, path := range t.Readings {
		path = request.Normal(path)
		for i := range q.paths {
			if request.May(&q.paths[i], t, path) {
				return true
			}
		}
	}
	return len(q.paths) == 0
}

// isSurelyFor tells whether all readings lead to the quota, to the letter.
func (q *quota) isSurelyFor(t *request.Target) bool {
	if !request.SurelyAllows(q.Methods, t) {
		return false
	}
	for _, path := range t.Readings {
		if !q.surelyHas(t, path) {
			return false
		}
	}
	return true
}

func (q *quota) surelyHas(t *request.Target, path string) bool {
	for i := range q.Paths {
		if request.Surely(&q.Paths[i], t, path) {
			return true
		}
	}
	return len(q.Paths) == 0
}

// costOf returns what the request costs: the most that one of its readings and methods
// costs.
func (q *quota) costOf(t *request.Target) (most uint32) {
	if len(q.costs) == 0 {
		return q.Cost
	}
	for _, path := range t.Readings {
		path = request.Normal(path)
		most = max(most, q.price(t.Method, path))
		for _, method := range t.Overrides {
			most = max(most, q.price(method, path))
		}
	}
	return most
}

// price returns what a method costs at a path in normal form. The first pattern that
// matches decides.
func (q *quota) price(method, path string) uint32 {
	for i := range q.costs {
		c := &q.costs[i]
		if request.Covers(&c.Match, path) && (len(c.Methods) == 0 || request.Lists(c.Methods, method)) {
			return c.Cost
		}
	}
	return q.Cost
}
