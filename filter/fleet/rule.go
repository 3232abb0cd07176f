package fleet

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/text"
)

// longestUnit is the longest time that the service counts for, in milliseconds.
const longestUnit = 24 * 60 * 60 * 1000

// Rule is a rule whose counters are shared. The methods of the nil Rule return zero values.
type Rule struct {
	part config.FleetPart
	// surface is the place of the rule's surface in the configuration, and key that of its
	// failure key.
	surface, key int

	mode    config.FleetMode
	onError config.FleetOnError
	// name, limit and unit are what the domain file has, and length is that of the rule's
	// own windows. Times are in milliseconds.
	name         string
	limit        uint32
	unit, length int64
	learned      *report.Counter
	// mismatched tells that the log says so already.
	mismatched bool
}

// Part is the kind of the rule.
func (u *Rule) Part() config.FleetPart { return u.part }

// Place is where the rule is: the places of its surface and of its failure key.
func (u *Rule) Place() (surface, key int) { return u.surface, u.key }

// Sync tells whether all requests wait for the answer.
func (u *Rule) Sync() bool { return u != nil && u.mode == config.FleetSync }

// IsClosed tells whether nobody passes whom the rule concerns while the service gives no
// answer.
func (u *Rule) IsClosed() bool { return u != nil && u.onError == config.OnErrorClosed }

// surfaceRules are the rules of a surface.
type surfaceRules struct {
	client, network Rule
	keys            []Rule
	learned         report.Counter
}

// quotaRules are those of a quota, by tier; the last one is that of all other callers.
type quotaRules []Rule

// compile makes the rules of a configuration.
func (r *Room) compile(c *config.Config) {
	limits := c.FleetLimits()
	r.surfaces, r.quotas = make([]surfaceRules, len(c.Surfaces)), make([]quotaRules, len(c.Quotas))
	for i := range c.Surfaces {
		s, own := &c.Surfaces[i], &r.surfaces[i]
		l := &s.Lockout
		own.client.compile(c.Fleet.Lockouts(s), limits, config.FleetLockoutName(s.Name), l.Window)
		own.network.compile(c.Fleet.Wide(s), limits, config.FleetWideName(s.Name), l.Window)
		own.keys = make([]Rule, len(l.Keys))
		for j := range l.Keys {
			own.keys[j].compile(c.Fleet.Keys(s), limits, config.FleetKeyName(s.Name, j), l.Keys[j].Window)
			own.keys[j].key = j
		}
		for _, u := range own.all() {
			u.surface, u.learned = i, &own.learned
		}
	}
	for i := range c.Quotas {
		q := &c.Quotas[i]
		r.quotas[i] = make(quotaRules, len(q.Tiers)+1)
		for j := range r.quotas[i] {
			tier := ""
			if j < len(q.Tiers) {
				tier = q.Tiers[j].Tier
			}
			r.quotas[i][j].compile(c.Fleet.Quota(q), limits, config.FleetQuotaName(q.Name, tier), q.Window)
		}
	}
	r.unlock.compile(&config.FleetRule{}, limits, config.FleetUnlock, longestUnit)
}

func (s *surfaceRules) all() []*Rule {
	list := []*Rule{&s.client, &s.network}
	for i := range s.keys {
		list = append(list, &s.keys[i])
	}
	return list
}

// compile makes the rule if it takes part. Otherwise it has no name.
//
//go:noinline
func (u *Rule) compile(takesPart *config.FleetRule, limits []config.FleetLimit, name string, window int64) {
	if takesPart == nil {
		return
	}
	u.part, u.mode, u.onError, u.length = takesPart.Rule, takesPart.Mode, takesPart.OnError, window
	for i := range limits {
		if limits[i].Rule == name {
			u.name, u.limit, u.unit = name, limits[i].Limit, limits[i].Unit
		}
	}
}

// in returns the rule, nil if it takes no part.
func (u *Rule) in() *Rule {
	if u.name == "" {
		return nil
	}
	return u
}

// Client returns the rule that counts the failures of clients on a surface, by its place in
// the configuration. It returns nil if there is none, and so do the methods below.
func (r *Room) Client(surface int) *Rule {
	if surface < 0 || surface >= len(r.surfaces) {
		return nil
	}
	return r.surfaces[surface].client.in()
}

// Network returns the rule that counts the failures of networks.
func (r *Room) Network(surface int) *Rule {
	if surface < 0 || surface >= len(r.surfaces) {
		return nil
	}
	return r.surfaces[surface].network.in()
}

// Key returns the rule of a failure key.
func (r *Room) Key(surface, key int) *Rule {
	if surface < 0 || surface >= len(r.surfaces) || key < 0 || key >= len(r.surfaces[surface].keys) {
		return nil
	}
	return r.surfaces[surface].keys[key].in()
}

// Quota returns the rule of a quota's tier, which is -1 for callers of no tier that the quota
// has.
func (r *Room) Quota(quota, tier int) *Rule {
	if quota < 0 || quota >= len(r.quotas) || tier >= len(r.quotas[quota]) {
		return nil
	}
	if tier < 0 {
		tier = len(r.quotas[quota]) - 1
	}
	return r.quotas[quota][tier].in()
}

// limitText is what a limit is in words.
func limitText(limit uint32, unit int64) string {
	return text.Join(text.Int(int64(limit)), "/", text.Int(unit/1000), "s")
}
