package lockout

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/text"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Room has the lockout rules of all surfaces, for one worker. It is not safe for
// concurrent use.
type Room struct {
	clock proxy.Clock
	store table.Store
	table *counter.Table
	// shared names counters for the fleet, nil if there is none.
	shared *counter.Shared
	log    *report.Log
	list   *report.Lockouts
	rules  []Rule
	// alone tells that the fleet does not count, see [Room.CountAlone].
	alone bool
	// catalogue describes the surfaces that lock out, ticks counts the calls of
	// Tick.
	catalogue []register.Surface
	ticks     uint
}

// New compiles the rules and defines their metrics. The counters are in t, the
// catalogue of surfaces is published in store. shared is nil if there is no fleet.
//
//go:noinline
func New(c *config.Config, clock proxy.Clock, store table.Store, t *counter.Table, shared *counter.Shared, log *report.Log, list *report.Lockouts, m *report.Metrics) *Room {
	room := &Room{clock: clock, store: store, table: t, shared: shared, log: log, list: list, rules: make([]Rule, len(c.Surfaces))}
	for i := range c.Surfaces {
		r := &room.rules[i]
		r.compile(room, c, &c.Surfaces[i])
		r.defineMetrics(m)
		if r.Counts() {
			room.catalogue = append(room.catalogue, r.catalogued(&c.Client))
		}
	}
	return room
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// if there is no such surface.
func (room *Room) Rule(surface int) *Rule {
	if surface < 0 || surface >= len(room.rules) {
		return nil
	}
	return &room.rules[surface]
}

// Rule is the lockout rule of one surface.
type Rule struct {
	room    *Room
	config  *config.Lockout
	surface string
	// name is surface, as keys need it.
	name []byte
	// policy is the name of the rule in replies, a JSON string.
	policy string
	// wide is config with the limit of whole networks. early is config for a client
	// that is locked out before its failures reach the limit, because it tries too
	// many credentials: its window is that in which they are counted.
	wide, early config.Lockout
	// alone and aloneWide are config and wide while the fleet does not count.
	alone, aloneWide config.Lockout

	failures, repeated, lockouts, networkLockouts report.Counter
	lockedOut, rateLimited                        report.Counter
}

func (r *Rule) compile(room *Room, c *config.Config, s *config.Surface) {
	r.room, r.config = room, &s.Lockout
	r.surface, r.name, r.policy = s.Name, []byte(s.Name), text.Join(`"lockout-`, s.Name, `"`)
	for _, variant := range [...]*config.Lockout{&r.wide, &r.early, &r.alone, &r.aloneWide} {
		*variant = s.Lockout
	}
	r.early.Window = s.Lockout.Stuffing.Window
	r.wide.Failures = s.Lockout.Wide.Failures
	r.alone.Failures = c.Fleet.Alone(c.Fleet.Lockouts(s), r.config.Failures)
	r.aloneWide.Failures = c.Fleet.Alone(c.Fleet.Wide(s), r.wide.Failures)
}

func (r *Rule) defineMetrics(m *report.Metrics) {
	m.DefineBy(&r.failures, "gatewarden_auth_failures_total", "surface", r.surface)
	if r.config.CountOnce {
		m.DefineBy(&r.repeated, "gatewarden_repeated_failures_total", "surface", r.surface)
	}
	m.DefineBy(&r.lockouts, "gatewarden_lockouts_total", "surface", r.surface)
	m.DefineBy(&r.networkLockouts, "gatewarden_network_lockouts_total", "surface", r.surface)
	m.DefineRefusals(&r.lockedOut, r.surface, string(refusal.LockedOut))
	m.DefineRefusals(&r.rateLimited, r.surface, string(refusal.RateLimited))
}

// Counts tells whether failures count on the surface.
func (r *Rule) Counts() bool {
	return r != nil && r.config.Failures > 0 && r.config.Mode != config.ModeOff
}

// IsShadow tells whether the rule only reports which requests it would refuse.
func (r *Rule) IsShadow() bool { return r != nil && r.config.Mode == config.ModeShadow }

// NamesPrincipal tells whether the rule needs [State.Principal].
func (r *Rule) NamesPrincipal() bool { return r.Counts() && r.config.ResetOnSuccess }

// NamesCredential tells whether the rule needs [State.Credential].
func (r *Rule) NamesCredential() bool {
	return r.Counts() && (r.config.KnownGood.For > 0 || r.config.Pending > 0)
}

// hasWide tells whether the rule counts for whole networks, too.
func (r *Rule) hasWide() bool { return r.config.Wide.Failures > 0 }
