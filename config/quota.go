package config

import (
	"math"
	"strings"

	"github.com/tidwall/gjson"
)

// MaxQuotas is the largest number of quota rules.
const MaxQuotas = 64

// NoLimit is the limit of callers that may spend any amount.
const NoLimit = 1<<32 - 1

// Quota is a rule that limits what may be spent within a window. A request that
// would exceed the limit gets 429, or 402 if the rule counts credits.
type Quota struct {
	// Name identifies the rule in replies, metrics and logs; its form is that of a
	// surface's name. Required, unique, and without the prefix "lockout-". Danger:
	// under a new name, counting starts anew.
	Name string
	// Surfaces that the rule applies to, by name; they share its counters. Empty
	// means all of them, the default.
	Surfaces []string
	// Paths on these surfaces that the rule applies to. Empty means every path, the
	// default.
	Paths []Match
	// Methods that the rule applies to, in upper case. Empty means every method, the
	// default.
	Methods []string
	// Unit is what the rule counts. Danger: under another unit, counting starts anew.
	Unit Unit
	// Per is what has a counter of its own. Required. Where an identity's part in it
	// is not verified, the client's address counts instead.
	Per Per
	// Limit is what may be spent within the window without a tier of Tiers, up to
	// 1000000000, or NoLimit. Required. Danger: 0 switches a rule without tiers off.
	Limit uint32
	// Tiers have limits of their own. In the order of their names, at most 64.
	// Default: none. Danger: only a verified tier counts.
	Tiers []TierLimit
	// Window is the time in milliseconds for which the limit holds; 1 s to 30 days, or
	// that of the longest window of the Calendar. Required.
	Window int64
	// Calendar says that a window is a day or a month. Default: NoCalendar. With any
	// other one, Algorithm is FixedWindow.
	Calendar Calendar
	// Algorithm says how a counter fills and empties.
	Algorithm Algorithm
	// Cost of every request, 1 to 1000000; 1 if there are Costs and none matches.
	// Default: 1. A cost above the limit is an error. Not for a rule of credits, whose
	// requests cost what their MCP calls cost.
	Cost uint32
	// Costs are the costs of single patterns; the first that matches decides.
	// Default: none.
	Costs []Cost
	// Overrides names rules that do not apply to a request that this rule applies
	// to. Default: none. Danger: this includes the case that this rule's limit is
	// NoLimit.
	Overrides []string
	// Mode says what follows from a used-up allowance. A rule in ModeShadow
	// overrides nothing, and no header mentions it.
	Mode Mode
}

// Off reports whether the rule has no effect.
func (q *Quota) Off() bool { return q.Mode == ModeOff || q.Limit == 0 && len(q.Tiers) == 0 }

// Unit is what a rule counts. Default: Requests.
type Unit uint8

// The units.
const (
	// Requests counts requests, by their cost.
	Requests Unit = iota
	// Credits counts what the MCP calls of a request cost. A request without such a
	// call does not concern the rule.
	Credits
)

// Calendar says which calendar windows a rule has, in UTC.
type Calendar uint8

// The calendars.
const (
	NoCalendar Calendar = iota
	CalendarDay
	CalendarMonth
)

// Per is the set of parts by which a rule counts requests. Each combination has a
// counter of its own.
type Per uint8

// The parts by which a rule can count requests.
const (
	// PerClient counts each client's address or network.
	PerClient Per = 1 << iota
	// PerCredential counts each verified credential.
	PerCredential
	// PerSubject counts each verified subject.
	PerSubject
	// PerTenant counts each verified tenant.
	PerTenant
	// PerPath counts each path. Danger: a caller has as many allowances as it can
	// make up paths, unless a rule without PerPath bounds them.
	PerPath
)

// TierLimit is the limit of a tier.
type TierLimit struct {
	// Tier is a name of 1 to 64 bytes, but not "default".
	Tier string
	// Limit is up to 1000000000, or NoLimit. Danger: 0 is no limit either.
	Limit uint32
}

// Algorithm says how a counter fills and empties. Default: FixedWindow. None of
// them admits more with several workers.
type Algorithm uint8

// The algorithms.
const (
	// FixedWindow admits the limit within a window that begins with its first
	// request. Where two windows meet, both limits can be spent at once.
	FixedWindow Algorithm = iota
	// SlidingWindow estimates from two windows what was spent within the last one.
	SlidingWindow
	// GCRA admits the limit at once, and then each request as its part of the window
	// has passed.
	GCRA
)

// Cost is the cost of the requests that a pattern matches.
type Cost struct {
	Match
	// Cost is 0 to 1000000. Required. Danger: with 0, the rule does not limit these
	// requests.
	Cost uint32
}

// Headers says how responses report quotas.
type Headers struct {
	// XRateLimit is the form of the X-RateLimit headers.
	XRateLimit XRateLimit
}

// XRateLimit is the form of X-RateLimit-Reset. Default: XRateLimitDelta.
type XRateLimit uint8

// The forms of X-RateLimit-Reset.
const (
	// XRateLimitDelta writes seconds from now.
	XRateLimitDelta XRateLimit = iota
	// XRateLimitEpoch writes seconds since 1970. Danger: it needs clocks that agree.
	XRateLimitEpoch
	// XRateLimitOff leaves all three X-RateLimit headers to the service.
	XRateLimitOff
)

const (
	// maxUnits times the longest window fits into an int64, in which the algorithms
	// calculate.
	maxUnits = 1_000_000_000
	maxCost  = 1_000_000
	maxTiers = 64
	maxTier  = 64
)

var algorithms = []string{FixedWindow: "fixed_window", SlidingWindow: "sliding_window", GCRA: "gcra"}

var quotaUnits = []string{Requests: "requests", Credits: "credits"}

var oneQuota Quota

var quotaFields = table[Quota]{&oneQuota, []field[Quota]{
	{key: "name", required: `write for example "per-tenant"`, as: &text{&oneQuota.Name, readQuotaName}},
	{key: "surfaces", as: &textList{into: &oneQuota.Surfaces, each: anyText, empty: "leave it out for all surfaces"}},
	{key: "paths", list: of(&matchFields), read: func(v *value, q *Quota) {
		v.refuseEmpty("leave it out for every path")
		readMatches(v, maxMatches, &q.Paths)
	}},
	{key: "methods", as: &list{&oneQuota.Methods, readMethods}},
	{key: "per", required: quotaPerRemedy, read: readQuotaPer},
	{key: "limit", read: func(v *value, q *Quota) { q.Limit = readUnits(v) }},
	{key: "limits", read: readLimits},
	{key: "window", required: `write for example "1m"`, read: readWindow},
	{key: "algorithm", as: &oneOf{(*uint8)(&oneQuota.Algorithm), algorithms}},
	{key: "cost", list: of(&costFields), read: readCost},
	{key: "overrides", as: &textList{into: &oneQuota.Overrides, each: anyText, empty: "leave it out to override nothing"}},
	{key: "mode", as: &oneOf{(*uint8)(&oneQuota.Mode), modes}},
	{key: "unit", as: &oneOf{(*uint8)(&oneQuota.Unit), quotaUnits}},
}}

var oneCost Cost

var costFields = table[Cost]{&oneCost, []field[Cost]{
	{key: "path", as: &text{&oneCost.Path, readPath}},
	{key: "prefix", read: func(v *value, c *Cost) { c.Path, c.Prefix = readPath(v), true }},
	{key: "methods", as: &list{&oneCost.Methods, readMethods}},
	{key: "cost", required: "write what such a request costs, for example 5", as: &count{&oneCost.Cost, 0, maxCost}},
}}

var xRateLimits = []string{XRateLimitDelta: "delta", XRateLimitEpoch: "epoch", XRateLimitOff: "off"}

var oneHeaders Headers

var headersFields = table[Headers]{&oneHeaders, []field[Headers]{
	{key: "x_ratelimit", as: &oneOf{(*uint8)(&oneHeaders.XRateLimit), xRateLimits}},
}}

func readQuotas(v *value, d *draft) {
	for i, item := range makeRoom(&d.Quotas, v.items(MaxQuotas)) {
		q := &d.Quotas[i]
		q.Cost = 1
		readObject(item, &quotaFields, q)
		if item.isObject() {
			limit, limits := item.has("limit"), item.has("limits")
			if cost := item.member("cost"); q.Unit == Credits && cost.exists() {
				cost.bad("is for rules of requests; a rule of credits is charged what mcp.tools says, so remove it")
			}
			switch {
			case limit && limits:
				item.bad("has a limit and limits; keep one of them")
			case !limit && !limits:
				item.bad(`has neither limit nor limits; write for example "limit": 60`)
			}
		}
	}
}

// readWindow reads a duration, or a window of the calendar.
func readWindow(v *value, q *Quota) {
	switch v.json.Str {
	case "day":
		q.Calendar, q.Window = CalendarDay, day
	case "month":
		q.Calendar, q.Window = CalendarMonth, 31*day
	default:
		v.duration(&q.Window, "1m")
	}
}

// readQuotaName refuses the prefix that names lockouts in replies.
func readQuotaName(v *value) string {
	const taken = "lockout-"
	name := readName(v, "a rule's name")
	if strings.HasPrefix(name, taken) {
		v.bad("%q begins with "+taken+", which names a surface's lockout in replies; choose another", name)
	}
	return name
}

const (
	quotaPerRight  = `"client", "credential", "subject", "tenant" or "path", or several of them, for example ["subject", "path"]`
	quotaPerRemedy = "write " + quotaPerRight
)

// quotaParts stand at the places of their bits in a Per.
var quotaParts = []string{"client", "credential", "subject", "tenant", "path"}

func readQuotaPer(v *value, q *Quota) {
	v.refuseEmpty(quotaPerRemedy)
	for _, item := range v.items(len(quotaParts)) {
		text, ok := item.text(quotaPerRight)
		if !ok {
			continue
		}
		at := indexOf(quotaParts, text)
		if at < 0 {
			item.unknown(text, quotaPerRight)
			continue
		}
		part := Per(1) << at
		if q.Per&part != 0 {
			item.repeated(quote(text))
		}
		q.Per |= part
	}
}

// readUnits reads a limit, and a negative one as 0. If it cannot read the limit,
// it returns NoLimit, about which no check complains.
func readUnits(v *value) uint32 {
	const right = `a whole number up to 1000000000, or "unlimited"`
	n := v.json.Num
	switch {
	case v.json.Type == gjson.String && v.json.Str == "unlimited":
	case v.json.Type == gjson.String:
		v.unknown(v.json.Str, right)
	case v.json.Type != gjson.Number:
		v.wrongType(right)
	case n != math.Trunc(n) || n > maxUnits:
		v.bad("%s cannot be a limit; write "+right, clip(v.json.Raw))
	default:
		return uint32(max(n, 0))
	}
	return NoLimit
}

// readLimits reads limits by tier. The limit without a tier is required.
func readLimits(v *value, q *Quota) {
	const right = `an object with a limit for each tier, for example {"free": 20, "pro": 300, "default": 60}`
	if !v.json.IsObject() {
		v.wrongType(right)
		q.Limit = NoLimit
		return
	}
	var names []string
	q.Limit = NoLimit
	for _, item := range v.each() {
		tier := item.key
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
	}
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

// insertTier keeps the tiers in the order of their names. The order of keys in a
// JSON object means nothing.
func insertTier(tiers []TierLimit, t TierLimit) []TierLimit {
	tiers = append(tiers, t)
	for i := len(tiers) - 1; i > 0 && tiers[i].Tier < tiers[i-1].Tier; i-- {
		tiers[i], tiers[i-1] = tiers[i-1], tiers[i]
	}
	return tiers
}

// readCost reads one cost for all requests, or a list of costs by pattern.
func readCost(v *value, q *Quota) {
	if !v.json.IsArray() {
		if v.json.Type != gjson.Number {
			v.wrongType(`a whole number, or a list such as [{"path": "/api/v1/batch", "cost": 5}]`)
			return
		}
		readInteger(v, &q.Cost, 1, maxCost)
		return
	}
	v.refuseEmpty("leave it out for a cost of 1")
	for i, item := range makeRoom(&q.Costs, v.items(maxMatches)) {
		c := &q.Costs[i]
		readObject(item, &costFields, c)
		checkPattern(item, &c.Match)
	}
}
