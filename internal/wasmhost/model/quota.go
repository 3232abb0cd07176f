package model

import (
	"slices"
	"strings"
	"time"
)

// Quota is a limit on requests. Fields that are 0 or empty are not written, except the
// limit.
type Quota struct {
	Name     string
	Surfaces []string
	Paths    []Match
	Methods  []string
	Per      []string
	// Limit is unlimited, 0 (which is none), or the number; with Tiers it is that
	// of everybody else.
	Limit     int
	Tiers     map[string]int
	Window    time.Duration
	Algorithm string
	Cost      int
	Costs     []Cost
	Overrides []string
	Mode      string
	// Unit is requests if it is empty. Calendar is daily or monthly in place of the
	// window.
	Unit, Calendar string
}

// Cost is what the requests of a pattern cost.
type Cost struct {
	Match
	Cost int
}

const unlimited = -1

// What a quota may be per besides client and credential.
const (
	perSubject = "subject"
	perTenant  = "tenant"
	perPath    = "path"
)

// Algorithms of a quota.
const (
	fixed   = "fixed_window"
	sliding = "sliding_window"
	gcra    = "gcra"
)

// Unit and windows of budgets.
const (
	inCredits = "credits"
	daily     = "day"
	monthly   = "month"
)

func (q Quota) json() object {
	o := fields{"name": q.Name, "per": q.Per, "window": duration(q.Window)}
	o.set("surfaces", q.Surfaces != nil, q.Surfaces)
	o.set("paths", q.Paths != nil, list(q.Paths, Match.json))
	o.set("methods", q.Methods != nil, q.Methods)
	o.set("limit", q.Tiers == nil, units(q.Limit))
	if q.Tiers != nil {
		limits := object{"default": units(q.Limit)}
		for tier, limit := range q.Tiers {
			limits[tier] = units(limit)
		}
		o["limits"] = limits
	}
	o.set("algorithm", q.Algorithm != "", q.Algorithm)
	o.number("cost", q.Cost)
	o.set("cost", q.Costs != nil, list(q.Costs, func(c Cost) object {
		m := c.json()
		m["cost"] = c.Cost
		return m
	}))
	o.set("overrides", len(q.Overrides) > 0, q.Overrides)
	o.set("mode", q.Mode != "", q.Mode)
	o.set("unit", q.Unit != "", q.Unit)
	o.set("window", q.Calendar != "", q.Calendar)
	return object(o)
}

func units(limit int) any {
	if limit == unlimited {
		return "unlimited"
	}
	return limit
}

// rulesFor are the rules that a request is held to, those that refuse first.
func (m *Model) rulesFor(surface *Surface, r *Request) (rules []*Quota) {
	readings := r.readings()
	var overridden []string
	for i := range m.rules {
		q := &m.rules[i]
		if q.on(surface) && q.Mode != shadow && q.isSurelyFor(r, readings) {
			overridden = append(overridden, q.Overrides...)
		}
	}
	for _, mode := range []string{enforce, shadow} {
		for i := range m.rules {
			q := &m.rules[i]
			if q.on(surface) && or(q.Mode, enforce) == mode && q.mayBeFor(r, readings) && !slices.Contains(overridden, q.Name) {
				rules = append(rules, q)
			}
		}
	}
	return rules
}

// on tells whether a rule is there, on a surface.
func (q *Quota) on(s *Surface) bool {
	is := q.Mode != off && (q.Limit != 0 || q.Tiers != nil)
	return is && (q.Surfaces == nil || slices.Contains(q.Surfaces, s.Name))
}

// mayBeFor tells whether a request can be taken for one of the rule's.
func (q *Quota) mayBeFor(r *Request, readings []string) bool {
	return Match{Methods: q.Methods}.takes(r) && (q.Paths == nil || slices.ContainsFunc(readings, func(path string) bool {
		return slices.ContainsFunc(q.Paths, func(p Match) bool {
			return p.takes(r) && p.mayBeAt(r) && p.plain().covers(plainPath(path))
		})
	}))
}

// isSurelyFor tells whether a request cannot be taken for anything else.
func (q *Quota) isSurelyFor(r *Request, readings []string) bool {
	to := func(methods []string) bool {
		return methods == nil || r.Override == "" && Match{Methods: methods}.lists(r.Method)
	}
	for _, path := range readings {
		if q.Paths != nil && !slices.ContainsFunc(q.Paths, func(p Match) bool { return to(p.Methods) && p.isSurelyAt(r) && p.covers(path) }) {
			return false
		}
	}
	return to(q.Methods)
}

// takes tells whether a service may take the request's method for a listed one.
func (m Match) takes(r *Request) bool {
	return m.Methods == nil || m.lists(r.Method) || m.lists(r.Override)
}

func (m Match) plain() Match {
	m.Path = plainPath(m.Path)
	return m
}

func plainPath(path string) string { return strings.TrimRight(strings.ToLower(path), "/") }

// costOf is what a request costs: the most of what it may be taken for.
func (q *Quota) costOf(r *Request, readings []string) (most int) {
	if q.Unit == inCredits {
		return r.credits()
	}
	if q.Costs == nil {
		return or(q.Cost, 1)
	}
	methods := []string{r.Method}
	if r.Override != "" {
		methods = append(methods, r.Override)
	}
	for _, path := range readings {
		for _, method := range methods {
			most = max(most, q.price(method, plainPath(path)))
		}
	}
	return most
}

func (q *Quota) price(method, path string) int {
	for _, c := range q.Costs {
		if c.plain().covers(path) && (c.Methods == nil || c.lists(method)) {
			return c.Cost
		}
	}
	return 1
}

// limitFor is the limit of a tier, 0 for none.
func (q *Quota) limitFor(who identity) int {
	limit := q.Limit
	if of, is := q.Tiers[who.tier]; is && who.verified {
		limit = of
	}
	return max(limit, 0)
}

// endpoint is what a path is counted as. All that can be read in several ways are
// one.
func (r *Request) endpoint() string {
	readings := r.readings()
	if len(readings) > 1 {
		return ""
	}
	return plainPath(readings[0])
}
