package concurrency

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// Room has the limits on requests in flight of one worker. It is not safe for concurrent
// use.
type Room struct {
	clock  proxy.Clock
	table  *counter.Table
	limits []limit
	rules  []Rules // by surface
	// holdings are what this worker holds, by limit.
	holdings map[table.Key]*holding

	name []byte // scratch: whom a limit is for
}

// Rules are the limits that apply to the requests of a surface.
type Rules struct {
	room         *Room
	surface      *config.Surface
	name         []byte   // of the surface, as a part of keys
	limits       []*limit // those that are enforced come first
	overCapacity report.Counter
}

// limit is a compiled limit.
type limit struct {
	*config.Concurrency
	name []byte // as a part of keys

	refused, shadowed report.Counter
}

// New compiles the limits of a configuration. All workers that share the table share the
// limits.
//
//go:noinline
func New(c *config.Config, clock proxy.Clock, t *counter.Table, m *report.Metrics) *Room {
	r := &Room{
		clock: clock, table: t, holdings: map[table.Key]*holding{},
		limits: make([]limit, len(c.Concurrency)), rules: make([]Rules, len(c.Surfaces)),
	}
	for i := range r.limits {
		l := &r.limits[i]
		l.Concurrency = &c.Concurrency[i]
		l.name = []byte(l.Name)
	}
	for i := range r.rules {
		s := &c.Surfaces[i]
		rules := &r.rules[i]
		rules.room, rules.surface, rules.name, rules.limits = r, s, []byte(s.Name), r.limitsOf(s)
	}
	r.defineMetrics(m)
	return r
}

// limitsOf returns the limits of a surface. Those that are enforced come first, so that
// a limit in shadow mode reports only requests that the others let pass.
func (r *Room) limitsOf(s *config.Surface) (list []*limit) {
	for _, mode := range [...]config.Mode{config.ModeEnforce, config.ModeShadow} {
		for i := range r.limits {
			if l := &r.limits[i]; l.Mode == mode && s.IsAmong(l.Surfaces) {
				list = append(list, l)
			}
		}
	}
	return list
}

func (r *Room) defineMetrics(m *report.Metrics) {
	for i := range r.rules {
		rules := &r.rules[i]
		m.DefineRefusals(&rules.overCapacity, rules.surface.Name, string(refusal.OverCapacity))
	}
	for i := range r.limits {
		l := &r.limits[i]
		total := report.By("gatewarden_over_capacity_total", "rule", l.Name)
		m.DefineBy(&l.refused, total, "outcome", "refused")
		m.DefineBy(&l.shadowed, total, "outcome", "shadowed")
	}
}

// Rules returns the limits of a surface, by its place in the configuration, or nil if
// none apply to it.
func (r *Room) Rules(surface int) *Rules {
	if surface < 0 || surface >= len(r.rules) || len(r.rules[surface].limits) == 0 {
		return nil
	}
	return &r.rules[surface]
}

// Tick does what is due once a second: it confirms the places that this worker holds.
// Without any it costs nothing.
func (r *Room) Tick() {
	if len(r.holdings) > 0 {
		r.confirm(r.clock.Now())
	}
}
