package filter

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// quota is a configured rule made ready for the request path.
type quota struct {
	*config.Quota
	// id keeps the rule's counters apart from those of others, and from those
	// that another algorithm wrote.
	id        []byte
	algorithm algorithm
	// bit stands for the rule, overrides for those that it overrides.
	bit, overrides uint64
	paths          []config.Match // in lower case
	costs          []config.Cost  // in lower case
	// limits are those of the tiers, and at last that of everybody else.
	limits []allowance

	admitted, refused, shadowed, unverified counter
}

// allowance is one of a rule's limits, with what replies say of it.
type allowance struct {
	tier string
	plan // its limit is 0 where there is none
	// number is the limit, policy an item of RateLimit-Policy.
	number, policy string
}

var algorithmOf = [...]algorithm{
	config.FixedWindow: fixedWindow{}, config.SlidingWindow: slidingWindow{}, config.GCRA: gcra{},
}

// readyQuotas makes the rules ready, and gives each surface those that are for it:
// first those that refuse, then those that only watch.
func (f *Filter) readyQuotas(rules []config.Quota, host table.Store, seed table.Seed) {
	bits := map[string]uint64{}
	for i := range rules {
		bits[rules[i].Name] = 1 << i
	}
	for i := range rules {
		if !rules[i].Off() {
			f.quotas = append(f.quotas, newQuota(&rules[i], bits))
		}
	}
	for _, mode := range [...]config.Mode{config.ModeEnforce, config.ModeShadow} {
		for i := range f.quotas {
			if f.quotas[i].Mode == mode {
				f.giveTo(&f.quotas[i])
			}
		}
	}
	if len(f.quotas) > 0 {
		f.quotaTable = table.NewNamed(host, seed, "quota", f.config.Table.Quotas)
	}
}

func (f *Filter) giveTo(q *quota) {
	for i := range f.surfaces {
		s := &f.surfaces[i]
		if s.isAmong(q.Surfaces) {
			s.quotas = append(s.quotas, q)
		}
	}
}

func newQuota(rule *config.Quota, bits map[string]uint64) quota {
	q := quota{
		Quota: rule, bit: bits[rule.Name], algorithm: algorithmOf[rule.Algorithm],
		id: append([]byte{byte(rule.Algorithm)}, rule.Name...),
	}
	// What is only watched must not change what is enforced.
	if rule.Mode == config.ModeEnforce {
		for _, name := range rule.Overrides {
			q.overrides |= bits[name]
		}
	}
	for _, m := range rule.Paths {
		m.Path = trimSlash(lower(m.Path))
		q.paths = append(q.paths, m)
	}
	for _, c := range rule.Costs {
		c.Path = trimSlash(lower(c.Path))
		q.costs = append(q.costs, c)
	}
	for _, t := range rule.Tiers {
		q.limits = append(q.limits, newAllowance(rule, t.Tier, t.Limit))
	}
	q.limits = append(q.limits, newAllowance(rule, "", rule.Limit))
	return q
}

func newAllowance(rule *config.Quota, tier string, units uint32) allowance {
	if units == config.NoLimit {
		units = 0
	}
	number := strconv.FormatUint(uint64(units), 10)
	return allowance{
		tier: tier, plan: plan{units, rule.Window}, number: number,
		policy: `"` + rule.Name + `";q=` + number + ";w=" + strconv.FormatInt(rule.Window/1000, 10),
	}
}

// limitOf returns the limit of a tier.
func (q *quota) limitOf(tier string) *allowance {
	last := len(q.limits) - 1
	for i := range q.limits[:last] {
		if q.limits[i].tier == tier {
			return &q.limits[i]
		}
	}
	return &q.limits[last]
}

// charge is what a request owes to a rule.
type charge struct {
	quota *quota
	cost  uint32
	// limit and key are those of who asks, known once the identity is.
	limit *allowance
	key   table.Key
	// fallback tells that it is the address that pays, because what should was
	// not verified.
	fallback bool

	balance
	taking
	taken bool
}

// chooseQuotas finds the rules that the request is held to, and what it costs
// them. It comes right after classify, whose readings of the path it uses.
//
// As everywhere, a request belongs to a rule if one of the readings does. But a
// rule takes the place of others only if all of them do: otherwise a path could be
// dressed up to be held to less.
func (s *Stream) chooseQuotas(t *target) {
	readings := s.filter.readings
	overridden := s.surface.overridden(t, readings)
	var per config.Per
	for _, q := range s.surface.quotas {
		if overridden&q.bit != 0 || !q.mayBeFor(t, readings) {
			continue
		}
		s.charges = append(s.charges, charge{quota: q, cost: q.costOf(t, readings)})
		if per |= q.Per; q.Mode == config.ModeEnforce {
			s.enforced++
		}
	}
	if per&config.PerPath != 0 {
		s.endpoint = s.filter.quotaTable.Hash([]byte(endpoint(pathOf(t.path))))
	}
}

// overridden are the bits of the rules that others take the place of.
func (s *surface) overridden(t *target, readings []string) (rules uint64) {
	for _, q := range s.quotas {
		if q.overrides != 0 && q.isSurelyFor(t, readings) {
			rules |= q.overrides
		}
	}
	return rules
}

// mayBeFor tells whether one of the readings leads to the rule.
func (q *quota) mayBeFor(t *target, readings []string) bool {
	if !allows(q.Methods, t) {
		return false
	}
	for _, path := range readings {
		path = trimSlash(lower(path))
		for i := range q.paths {
			if matches(&q.paths[i], t, path) {
				return true
			}
		}
	}
	return len(q.paths) == 0
}

// isSurelyFor tells whether all readings lead to the rule, to the letter.
func (q *quota) isSurelyFor(t *target, readings []string) bool {
	if !surelyAllows(q.Methods, t) {
		return false
	}
	for _, path := range readings {
		found := len(q.Paths) == 0
		for i := range q.Paths {
			found = found || exempts(&q.Paths[i], t, path)
		}
		if !found {
			return false
		}
	}
	return true
}

// costOf is what the request costs: of several readings and methods, the most.
func (q *quota) costOf(t *target, readings []string) (most uint32) {
	if len(q.costs) == 0 {
		return q.Cost
	}
	for _, path := range readings {
		path = trimSlash(lower(path))
		most = max(most, q.price(t.method, path))
		for _, method := range t.overrides {
			most = max(most, q.price(method, path))
		}
	}
	return most
}

func (q *quota) price(method, path string) uint32 {
	for i := range q.costs {
		c := &q.costs[i]
		if covers(&c.Match, path) && (len(c.Methods) == 0 || lists(c.Methods, method)) {
			return c.Cost
		}
	}
	return q.Cost
}

// endpoint is what counts as one path: however it is spelled, as long as all its
// spellings say the same. All other paths are one endpoint together, because
// whoever can spell a path in many ways would have as many counters.
func endpoint(path string) string {
	if !isPlain(path) {
		path = percentDecode(path)
		if !isPlain(path) || strings.ContainsAny(path, "?#\x00") {
			return ""
		}
	}
	return trimSlash(lower(path))
}

// nameCharges finds who pays, and leaves out the rules that set no limit for it.
func (s *Stream) nameCharges() {
	kept, enforced := s.charges[:0], 0
	for i := range s.charges {
		c := s.charges[i]
		tier := ""
		if s.identity.verified {
			tier = s.identity.tier
		}
		if c.limit = c.quota.limitOf(tier); c.limit.limit == 0 {
			continue
		}
		c.fallback = !s.identity.has(c.quota.Per)
		f := s.filter
		f.name = s.payer(&c, f.name[:0])
		c.key = f.quotaTable.Key(quotaRule, c.quota.id, f.name)
		if kept = append(kept, c); i < s.enforced {
			enforced++
		}
	}
	s.charges, s.enforced = kept, enforced
}

// payer appends the name of who pays. Each part begins with a letter of its own
// and tells its length, or always has the same.
func (s *Stream) payer(c *charge, out []byte) []byte {
	per, id := c.quota.Per, &s.identity
	if c.fallback {
		per = config.PerClient
	}
	if per&config.PerClient != 0 {
		out = append(append(out, 'a'), s.client.key[:]...)
	}
	if per&config.PerCredential != 0 {
		out = binary.LittleEndian.AppendUint64(append(out, 'c'), id.credential)
	}
	if per&config.PerSubject != 0 {
		out = appendPart(append(out, 's'), id.subject)
	}
	if per&config.PerTenant != 0 {
		out = appendPart(append(out, 't'), id.tenant)
	}
	if per&config.PerPath != 0 {
		out = binary.LittleEndian.AppendUint64(append(out, 'p'), s.endpoint)
	}
	return out
}
