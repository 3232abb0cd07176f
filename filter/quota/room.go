package quota

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/text"
	"github.com/gatewarden/gatewarden/journal"
	"github.com/gatewarden/gatewarden/table"
)

// ruleName keeps the counters of quotas apart from those of other rules.
var ruleName = []byte("quota")

// Ports are what the room needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.WallClock
	proxy.ResponseHeaders
}

// Room has the quotas of one worker. It is not safe for concurrent use.
type Room struct {
	config *config.Config
	ports  Ports
	quotas []quota // those that are not switched off
	rules  []Rules // by surface
	// table has the counters of the quotas, nil if there are no quotas. Every caller has
	// some: they must not evict the counters of failing clients. See
	// RATIONALE.md, "Why do quotas have a table of their own?"
	table *counter.Table
	// shared names counters for the fleet, nil if there is none.
	shared *counter.Shared
	// journal has the reservations of all workers, nil if no quota counts credits.
	journal *journal.Journal
	// unwritten counts reservations that it had no place for.
	unwritten report.Counter

	last refusal.Last // see [State.Last]

	name   []byte        // scratch: who pays
	text   text.Buffer   // scratch: values of header fields
	fields proxy.Headers // scratch: header fields of a refusal
	moment moment        // scratch
	drafts []draft       // scratch: of a request
	alone  draft         // scratch: of a taking that is made at once
	// charge and drafting are what spend works on.
	charge   *charge
	drafting *draft
	spend    table.Change    // see [Room.change]
	entries  []journal.Entry // scratch: of a reservation
}

// Rules are the quotas that a surface has.
type Rules struct {
	room     *Room
	quotas   []*quota // those that are enforced come first, and of them those of requests
	exceeded report.Counter
}

// New compiles the quotas of a configuration. They share their counters with all rooms
// that have the same store and seed. shared is nil if there is no fleet.
//
//go:noinline
func New(c *config.Config, p Ports, store table.Store, seed table.Seed, shared *counter.Shared, m *report.Metrics) *Room {
	r := &Room{config: c, ports: p, shared: shared, rules: make([]Rules, len(c.Surfaces))}
	for i := range c.Quotas {
		if !c.Quotas[i].Off() {
			r.quotas = append(r.quotas, quota{place: i})
		}
	}
	if len(r.quotas) == 0 {
		return r
	}
	for i := range r.quotas {
		r.quotas[i].compile(c)
	}
	for i := range r.rules {
		r.rules[i].room = r
		r.rules[i].quotas = r.quotasOf(&c.Surfaces[i])
	}
	r.defineMetrics(m)
	r.table = counter.New(table.NewNamed(store, seed, "quota", c.Table.Quotas), "gatewarden_quota_table", m)
	r.spend = r.change
	r.openJournal(store, m)
	return r
}

// openJournal prepares for reservations, if a quota counts credits.
func (r *Room) openJournal(store table.Store, m *report.Metrics) {
	for i := range r.quotas {
		q := &r.quotas[i]
		if q.Unit != config.Credits {
			continue
		}
		q.hash = uint32(r.table.Hash(q.id))
		q.credits.Define(m, q.Name)
		if r.journal == nil {
			r.journal = journal.New(store, "")
		}
	}
	if r.journal != nil {
		m.Define(&r.unwritten, "gatewarden_credits_unwritten_total")
	}
}

// quotasOf returns the quotas of a surface in the order that [Rules] have.
func (r *Room) quotasOf(s *config.Surface) (list []*quota) {
	for _, mode := range [...]config.Mode{config.ModeEnforce, config.ModeShadow} {
		for _, unit := range [...]config.Unit{config.Requests, config.Credits} {
			for i := range r.quotas {
				if q := &r.quotas[i]; q.Mode == mode && q.Unit == unit && s.IsAmong(q.Surfaces) {
					list = append(list, q)
				}
			}
		}
	}
	return list
}

func (r *Room) defineMetrics(m *report.Metrics) {
	for i := range r.rules {
		if rules := &r.rules[i]; len(rules.quotas) > 0 {
			m.DefineRefusals(&rules.exceeded, r.config.Surfaces[i].Name, string(refusal.QuotaExceeded))
		}
	}
	for i := range r.quotas {
		q := &r.quotas[i]
		requests := report.By("gatewarden_quota_requests_total", "rule", q.Name)
		m.DefineBy(&q.admitted, requests, "outcome", "admitted")
		m.DefineBy(&q.refused, requests, "outcome", "refused")
		m.DefineBy(&q.shadowed, requests, "outcome", "shadowed")
		m.DefineBy(&q.unverified, "gatewarden_quota_unverified_total", "rule", q.Name)
	}
}

// Rules returns the quotas of a surface, by its place in the configuration, or nil if
// it has none.
func (r *Room) Rules(surface int) *Rules {
	if surface < 0 || surface >= len(r.rules) || len(r.rules[surface].quotas) == 0 {
		return nil
	}
	return &r.rules[surface]
}

// Exposed lists the header fields of the room, which pages of other origins may read,
// separated by commas: "" if there are no quotas.
func (r *Room) Exposed() string {
	if len(r.quotas) == 0 {
		return ""
	}
	return exposedFields
}
