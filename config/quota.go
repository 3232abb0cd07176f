package config

import (
	"math"
	"strings"

	"github.com/tidwall/gjson"
)

// MaxQuotas is the most quota rules that a configuration can have.
const MaxQuotas = 64

// NoLimit is the limit of who has none.
const NoLimit = 1<<32 - 1

// Quota is a rule about how much may be asked for within a window.
type Quota struct {
	Name string
	// Surfaces by name; empty means all of them.
	Surfaces []string
	// Paths of them that the rule is for; empty means every path.
	Paths []Match
	// Methods in upper case; empty means every method.
	Methods []string
	// Per is what has a counter of its own.
	Per Per
	// Limit is how much may be spent within the window, NoLimit for any amount.
	// 0 switches a rule without tiers off.
	Limit uint32
	// Tiers have limits of their own, in the order of their names.
	Tiers []TierLimit
	// Window in milliseconds.
	Window    int64
	Algorithm Algorithm
	// Cost of a request, unless one of Costs, the first that matches, says
	// otherwise.
	Cost  uint32
	Costs []Cost
	// Overrides names the rules that do not hold for a request that this one is
	// for.
	Overrides []string
	Mode      Mode
}

// Off tells that the rule is as if it were not there.
func (q *Quota) Off() bool { return q.Mode == ModeOff || q.Limit == 0 && len(q.Tiers) == 0 }

// Per is a set of what a request is counted by.
type Per uint8

// What a request can be counted by.
const (
	PerClient Per = 1 << iota
	PerCredential
	PerSubject
	PerTenant
	PerPath
)

// TierLimit is the limit of a tier. 0 is no limit, as NoLimit is.
type TierLimit struct {
	Tier  string
	Limit uint32
}

// Algorithm says how a counter fills and empties.
type Algorithm uint8

// The algorithms.
const (
	FixedWindow Algorithm = iota
	SlidingWindow
	GCRA
)

// Cost is what the requests of a pattern cost.
type Cost struct {
	Match
	Cost uint32
}

// Headers say how clients are told about their quotas.
type Headers struct{ XRateLimit XRateLimit }

// XRateLimit says how X-RateLimit-Reset tells the time.
type XRateLimit uint8

// The forms of X-RateLimit-Reset.
const (
	// XRateLimitDelta is in seconds from now.
	XRateLimitDelta XRateLimit = iota
	// XRateLimitEpoch is in seconds since 1970.
	XRateLimitEpoch
	// XRateLimitOff leaves all three X-RateLimit headers out.
	XRateLimitOff
)

const (
	// maxUnits and the longest window keep the algorithms within an int64.
	maxUnits = 1_000_000_000
	maxCost  = 1_000_000
	maxTiers = 64
	maxTier  = 64
)

var quotaFields = []field[Quota]{
	{key: "name", required: `write for example "per-tenant"`, read: readQuotaName},
	{key: "surfaces", read: func(v value, q *Quota) {
		q.Surfaces = v.references("leave it out for all surfaces")
	}},
	{key: "paths", below: keysOf("[]", matchFields), read: func(v value, q *Quota) {
		v.refuseEmpty("leave it out for every path")
		q.Paths = readMatches(v, maxMatches)
	}},
	{key: "methods", read: func(v value, q *Quota) { q.Methods = readMethods(v) }},
	{key: "per", required: quotaPerRemedy, read: readQuotaPer},
	{key: "limit", read: func(v value, q *Quota) { q.Limit = readUnits(v) }},
	{key: "limits", read: readLimits},
	{key: "window", required: `write for example "1m"`, read: func(v value, q *Quota) { v.duration(&q.Window, "1m") }},
	{key: "algorithm", read: func(v value, q *Quota) {
		choose(v, []option[Algorithm]{
			{"fixed_window", FixedWindow}, {"sliding_window", SlidingWindow}, {"gcra", GCRA},
		}, &q.Algorithm)
	}},
	{key: "cost", below: keysOf("[]", costFields), read: readCost},
	{key: "overrides", read: func(v value, q *Quota) {
		q.Overrides = v.references("leave it out to override nothing")
	}},
	{key: "mode", read: func(v value, q *Quota) { readMode(v, &q.Mode) }},
}

var costFields = []field[Cost]{
	{key: "path", read: func(v value, c *Cost) { c.Path = readPath(v) }},
	{key: "prefix", read: func(v value, c *Cost) { c.Path, c.Prefix = readPath(v), true }},
	{key: "methods", read: func(v value, c *Cost) { c.Methods = readMethods(v) }},
	{key: "cost", required: "write what such a request costs, for example 5", read: func(v value, c *Cost) {
		readInteger(v, &c.Cost, 0, maxCost)
	}},
}

var headersFields = []field[Headers]{
	{key: "x_ratelimit", read: func(v value, h *Headers) {
		choose(v, []option[XRateLimit]{
			{"delta", XRateLimitDelta}, {"epoch", XRateLimitEpoch}, {"off", XRateLimitOff},
		}, &h.XRateLimit)
	}},
}

func readQuotas(v value) []Quota {
	var list []Quota
	v.items(MaxQuotas, func(item value) {
		q := Quota{Cost: 1}
		if found := readObject(item, quotaFields, &q); found != nil {
			limit, limits := found[5], found[6]
			switch {
			case limit.Exists() && limits.Exists():
				item.bad("has a limit and limits; keep one of them")
			case !limit.Exists() && !limits.Exists():
				item.bad(`has neither limit nor limits; write for example "limit": 60`)
			}
		}
		list = append(list, q)
	})
	return list
}

// readQuotaName keeps the names free by which replies name lockouts.
func readQuotaName(v value, q *Quota) {
	const taken = "lockout-"
	if q.Name = readName(v, "a rule's name"); strings.HasPrefix(q.Name, taken) {
		v.bad(quote(q.Name) + " begins with " + taken + ", which names a surface's lockout in replies; choose another")
	}
}

const (
	quotaPerRight  = `"client", "credential", "subject", "tenant" or "path", or several of them, for example ["subject", "path"]`
	quotaPerRemedy = "write " + quotaPerRight
)

var quotaParts = []option[Per]{
	{"client", PerClient}, {"credential", PerCredential}, {"subject", PerSubject}, {"tenant", PerTenant}, {"path", PerPath},
}

func readQuotaPer(v value, q *Quota) {
	v.refuseEmpty(quotaPerRemedy)
	v.items(len(quotaParts), func(item value) {
		text, ok := item.text(quotaPerRight)
		if !ok {
			return
		}
		for _, part := range quotaParts {
			if part.word != text {
				continue
			}
			if q.Per&part.is != 0 {
				item.repeated(quote(text))
			}
			q.Per |= part.is
			return
		}
		item.unknown(text, quotaPerRight)
	})
}

// readUnits reads a limit. What is not above 0 is 0; where it could not be read it
// is NoLimit, which no rule between fields complains about.
func readUnits(v value) uint32 {
	const right = `a whole number up to 1000000000, or "unlimited"`
	n := v.json.Num
	switch {
	case v.json.Type == gjson.String && v.json.Str == "unlimited":
	case v.json.Type == gjson.String:
		v.unknown(v.json.Str, right)
	case v.json.Type != gjson.Number:
		v.wrongType(right)
	case n != math.Trunc(n) || n > maxUnits:
		v.bad(clip(v.json.Raw) + " cannot be a limit; write " + right)
	default:
		return uint32(max(n, 0))
	}
	return NoLimit
}

// readLimits reads limits by tier. That of everybody else has to be said.
func readLimits(v value, q *Quota) {
	const right = `an object with a limit for each tier, for example {"free": 20, "pro": 300, "default": 60}`
	if !v.json.IsObject() {
		v.wrongType(right)
		q.Limit = NoLimit
		return
	}
	var names []string
	q.Limit = NoLimit
	v.json.ForEach(func(key, json gjson.Result) bool {
		tier, item := key.Str, v.under(key.Str, json)
		switch {
		case indexOf(names, tier) >= 0:
			item.bad("is written twice; keep one of them")
		case tier == "" || len(tier) > maxTier:
			item.bad("is not a tier's name; write 1 to 64 characters")
		case tier == "default":
			q.Limit = readUnits(item)
		default:
			q.Tiers = insertTier(q.Tiers, TierLimit{tier, readUnits(item)})
		}
		names = append(names, tier)
		return true
	})
	if indexOf(names, "default") < 0 {
		v.under("default", gjson.Result{}).bad("is missing; write the limit of everybody else, for example 60")
	}
	if len(names) < 2 && len(q.Tiers) == 0 {
		v.bad(`names no tier; write "limit", or ` + right)
	}
	if len(q.Tiers) > maxTiers {
		v.bad("names more than 64 tiers; name fewer")
	}
}

// insertTier keeps the order of names: that of an object's keys says nothing.
func insertTier(tiers []TierLimit, t TierLimit) []TierLimit {
	tiers = append(tiers, t)
	for i := len(tiers) - 1; i > 0 && tiers[i].Tier < tiers[i-1].Tier; i-- {
		tiers[i], tiers[i-1] = tiers[i-1], tiers[i]
	}
	return tiers
}

// readCost reads one cost for all requests, or a list of them by pattern.
func readCost(v value, q *Quota) {
	if !v.json.IsArray() {
		if v.json.Type != gjson.Number {
			v.wrongType(`a whole number, or a list such as [{"path": "/api/v1/batch", "cost": 5}]`)
			return
		}
		readInteger(v, &q.Cost, 1, maxCost)
		return
	}
	v.refuseEmpty("leave it out for a cost of 1")
	v.items(maxMatches, func(item value) {
		var c Cost
		found := readObject(item, costFields, &c)
		checkPattern(item, found, &c.Match)
		q.Costs = append(q.Costs, c)
	})
}
