package quota

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
)

// View is how a quota concerns a request.
type View struct {
	Standing report.Standing
	// By is the place in the configuration of the quota that overrides this one, or -1.
	By   int
	Cost uint32
	// Limit and Tier are those of the caller. Tier is "" for the limit of all other
	// callers.
	Limit uint32
	Tier  string
	// Fallback tells whether the client's address pays, because the caller was not
	// verified to be what the quota counts by.
	Fallback bool
	// Path is what counts as the request's path if the quota counts by it. It is "" for
	// all oddly spelled paths.
	Path string
	// Left may be spent now, and more at the time More, in milliseconds of the clock.
	Left uint32
	More int64
	// Refused tells whether the quota refused the request.
	Refused bool
}

// Explain returns for each configured quota how it applies to a request to a surface at
// the time now. credits are what its MCP calls cost. The request pays nothing; if it has
// already paid, Left is what remains. No quota applies to a preflight.
func (r *Room) Explain(surface int, t *request.Target, credits uint32, client *caller.Client, id *caller.Identity, now int64, preflight bool) []View {
	if surface < 0 || surface >= len(r.rules) {
		return nil
	}
	rules := &r.rules[surface]
	overridden := rules.overridden(t)
	list := make([]View, len(r.config.Quotas))
	for i := range list {
		list[i] = View{Standing: report.RuleOff, By: -1}
	}
	for i := range r.quotas {
		q := &r.quotas[i]
		v := &list[q.place]
		v.Standing = report.Applies
		switch {
		case preflight:
			v.Standing = report.OnlyPreflight
		case !r.config.Surfaces[surface].IsAmong(q.Surfaces):
			v.Standing = report.OtherSurface
		case !q.mayBeFor(t):
			v.Standing = report.OtherRequest
		case overridden&q.bit != 0:
			v.Standing, v.By = report.Overridden, rules.overrider(q, t)
		case q.Unit == config.Credits && credits == 0:
			v.Standing = report.CostsNothing
		default:
			rules.explain(v, q, t, credits, client, id, now)
		}
	}
	return list
}

// ExplainRefusal notes in what [Room.Explain] returned which quotas refused the request.
func (s *State) ExplainRefusal(list []View) {
	if s.exceeded.first.charge == nil {
		return
	}
	for i := range s.charges[:s.enforced] {
		if c := &s.charges[i]; !c.Fits && c.quota.place < len(list) {
			list[c.quota.place].Refused = true
		}
	}
}

// overrider returns the place of the first quota in the configuration that overrides
// another one for the request, or -1. Only quotas that are enforced override others.
func (r *Rules) overrider(of *quota, t *request.Target) int {
	for _, q := range r.quotas {
		if q.overrides&of.bit != 0 && q.isSurelyFor(t) {
			return q.place
		}
	}
	return -1
}

// explain tells what the request would owe to a quota if it came now.
func (r *Rules) explain(v *View, q *quota, t *request.Target, credits uint32, client *caller.Client, id *caller.Identity, now int64) {
	if v.Cost = credits; q.Unit == config.Requests {
		v.Cost = q.costOf(t)
	}
	s := State{rules: r, credits: credits, charges: []charge{{quota: q, cost: v.Cost}}}
	if q.Per&config.PerPath != 0 {
		v.Path = endpoint(request.Path(t.Path))
		s.endpoint = r.room.endpoint(t)
	}
	if s.bill(client, id); len(s.charges) == 0 {
		v.Standing = report.NoLimit
		return
	}
	c := &s.charges[0]
	r.room.look(c, 0, now)
	v.Limit, v.Tier, v.Fallback, v.Left, v.More = c.limit.Limit, c.limit.tier, c.fallback, c.Left, c.More
}
