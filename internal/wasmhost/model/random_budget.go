package model

import (
	"slices"
	"time"
)

// drawBudgets lets calls of the MCP surfaces cost credits, and some rules count them. What
// the accounts in a body are is left out there: it is read for its calls.
func (g *generator) drawBudgets(s *Setup) {
	at := slices.IndexFunc(s.Surfaces, func(s Surface) bool { return s.Kind == mcp })
	if at < 0 {
		g.priced = false
		return
	}
	s.Priced = true
	for i := range s.Surfaces {
		if l := &s.Surfaces[i].Lockout; s.Surfaces[i].Kind == mcp {
			l.Keys, l.Stuffing, l.Spraying, l.Repeats = nil, Distinct{}, Distinct{}, ""
		}
	}
	for i := range s.Quotas {
		q := &s.Quotas[i]
		if i > 0 && g.sometimes(2) {
			continue
		}
		q.Unit, q.Cost, q.Costs = inCredits, 0, nil
		if q.Surfaces != nil && !slices.Contains(q.Surfaces, s.Surfaces[at].Name) {
			q.Surfaces = nil
		}
		if q.Limit > 0 && q.Limit < 100 && q.Algorithm != gcra && g.sometimes(2) {
			q.Limit += g.IntN(30)
		}
		if !g.sometimes(3) {
			q.Paths, q.Methods = nil, nil
		}
	}
	for i := range s.Quotas {
		if q := &s.Quotas[i]; q.Algorithm == "" && g.sometimes(3) {
			q.Calendar, q.Window = one(g, daily, monthly), 0
		}
	}
}

// reloads lets VMs be replaced, mostly while requests are under way in them.
func (g *generator) reloads(s *Step, depth int) {
	if s.Restart || depth == 0 && !g.sometimes(12) {
		return
	}
	s.Reload, s.Rest = g.sometimes(2), g.sometimes(2)
}

// leaveCalendars leaves out windows of the calendar where the clock steps back: package
// algorithm has tests of its own for that.
func (g *generator) leaveCalendars(s *Setup) {
	for i := range s.Quotas {
		if q := &s.Quotas[i]; q.Calendar != "" {
			q.Calendar, q.Window = "", time.Minute
		}
	}
}

// price makes a request to a surface whose calls cost something one that can be read in one
// way only, with calls in its body.
func (g *generator) price(r *Request) {
	owner, _ := g.setup.owner(r)
	if r.Calls = nil; !g.priced || owner == nil || owner.Kind != mcp {
		return
	}
	r.GRPC = false
	if r.Body = r.Body || r.Form != nil; !r.Body {
		return
	}
	r.Form = nil
	for range one(g, 1, 1, 1, 2, 3) {
		r.Calls = append(r.Calls, one(g, 0, 1, 1, 2, 3, 5, g.IntN(1+maxPrice)))
	}
}
