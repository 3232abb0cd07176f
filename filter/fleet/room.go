package fleet

import (
	"encoding/binary"
	"math"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/fleet/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/breaker"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Ports are what the room needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.WallClock
	proxy.GRPC
	proxy.Metrics
	table.Store
}

// Learn takes what a counter that proxies share means for this one: its client is locked out
// until a time, or, if until is 0, was unlocked by an operator. Of a quota, nothing is left
// until then.
type Learn func(c *Counter, until, now int64)

// Room is one worker's part of the fleet. It is not safe for concurrent use. The nil Room
// belongs to no fleet.
type Room struct {
	config *config.Fleet
	ports  Ports
	shared *counter.Shared
	table  *table.Table // of generations
	log    *report.Log
	learn  Learn

	surfaces []surfaceRules
	quotas   []quotaRules
	unlock   Rule

	memory   memory
	outbox   outbox
	carry    carry
	calls    map[uint32]*call
	breakers [callKinds]breaker.Breaker
	underway bool // a call that nobody waits for
	ticks    uint
	// ticked is when the last tick was: the time for what need not be exact.
	ticked int64

	outcomes   [callKinds][outcomes]report.Counter
	fallbacks  [3]report.Counter
	delivery   [deliveries]report.Counter
	mismatches report.Counter
	closed     []report.Counter // refusals, by surface
	alone      report.Counter   // seconds
	// duration is a histogram, pending a gauge.
	duration, pending proxy.Metric
	// shown is what pending shows of this worker.
	shown int

	request  request
	statuses []message.Status
}

// delivery is what became of a report.
type delivery uint8

const (
	delivered delivery = iota
	unconfirmed
	lost
	deliveries
)

// New returns the room of a configuration, nil if there is no fleet. All proxies of the fleet
// must have the same shared names. learn is called whenever the service has said something
// that holds in this proxy.
//
//go:noinline
func New(c *config.Config, p Ports, seed table.Seed, shared *counter.Shared, log *report.Log, m *report.Metrics, learn Learn) *Room {
	if c.Fleet == nil {
		return nil
	}
	r := &Room{
		config: c.Fleet, ports: p, shared: shared, log: log, learn: learn,
		table:  table.NewNamed(p, seed, "fleet", generations),
		memory: make(memory, places), carry: carry{}, calls: map[uint32]*call{},
	}
	r.outbox.at = map[joined]*item{}
	r.compile(c)
	r.defineMetrics(c, m)
	return r
}

func (r *Room) defineMetrics(c *config.Config, m *report.Metrics) {
	for kind := range r.outcomes {
		for what := range r.outcomes[kind] {
			if callKind(kind) == reporting && outcome(what) == skipped {
				continue // it waits
			}
			m.DefineBy(&r.outcomes[kind][what], report.By("gatewarden_fleet_calls_total", "kind", callKindNames[kind]), "outcome", outcomeNames[what])
		}
	}
	for i, name := range [...]string{config.OnErrorLocal: "local", config.OnErrorOpen: "open", config.OnErrorClosed: "closed"} {
		m.DefineBy(&r.fallbacks[i], "gatewarden_fleet_fallbacks_total", "decision", name)
	}
	for i, name := range [deliveries]string{"delivered", "unconfirmed", "lost"} {
		m.DefineBy(&r.delivery[i], "gatewarden_fleet_reports_total", "outcome", name)
	}
	m.Define(&r.alone, "gatewarden_fleet_alone_seconds_total")
	m.Define(&r.mismatches, "gatewarden_fleet_limit_mismatches_total")
	r.closed = make([]report.Counter, len(c.Surfaces))
	for i := range r.surfaces {
		name := c.Surfaces[i].Name
		m.DefineBy(&r.surfaces[i].learned, "gatewarden_fleet_lockouts_learned_total", "surface", name)
		m.DefineRefusals(&r.closed[i], name, string(refusal.StoreUnavailable))
	}
	r.duration = r.ports.Histogram("gatewarden_fleet_call_milliseconds")
	r.pending = r.ports.Gauge("gatewarden_fleet_reports_pending")
}

// Refused counts a request that [State.Check] refused, on a surface.
func (r *Room) Refused(surface int) {
	if surface >= 0 && surface < len(r.closed) {
		r.closed[surface].Add(1)
	}
}

// Report reports failures of a counter.
func (r *Room) Report(c *Counter) {
	if r.IsAlone() {
		r.fallbacks[c.Rule.onError].Add(1)
	}
	r.begin(&item{Counter: *c, kind: failure, hits: 1}, r.moment())
}

// watch looks how a counter stands that this worker has not looked at for a while.
func (r *Room) watch(c *Counter) {
	if !r.IsAlone() && r.memory.isDue(c.Shared, r.ticked, min(c.Rule.length, patience)) {
		r.look(c, r.moment())
	}
}

// look looks how a counter stands.
func (r *Room) look(c *Counter, at moment) {
	r.begin(&item{Counter: *c, kind: peek}, at)
}

// LockedOut looks now and then, while a client is locked out, whether an operator has
// unlocked it.
func (r *Room) LockedOut(c *Counter) {
	if r.IsAlone() || !r.memory.isDue(c.Shared, r.ticked, r.config.Refresh) {
		return
	}
	r.begin(&item{Counter: *c, kind: confirm}, r.moment())
}

// begin sends an item of the window that is running.
func (r *Room) begin(i *item, at moment) {
	i.window, i.ends = i.Rule.window(at)
	r.put(i, at)
}

// put sends an item, or keeps it until it can be sent.
func (r *Room) put(i *item, at moment) {
	r.keep(i)
	r.flush(at)
}

// publishEvery is the number of ticks after which it is published again whether the service
// is heard.
const publishEvery = 30

// Tick does what is due once a second: it drops what is outdated, looks whether the service is
// there again, and unlocks for other proxies whom an operator has unlocked.
func (r *Room) Tick() {
	if r == nil {
		return
	}
	at := r.moment()
	now := at.now
	r.ticked = now
	r.delivery[lost].Add(r.outbox.expire(now, !r.IsAlone()))
	r.carry.expire(now)
	if r.anyOpen() {
		r.alone.Add(1)
	}
	if r.ticks++; r.ticks%publishEvery == 1 || r.anyOpen() {
		r.publish(now)
	}
	r.passOnUnlocks(at)
	if r.IsAlone() {
		r.probe(at)
	} else {
		r.flush(at)
	}
	r.showPending()
}

// showPending keeps the gauge, which all workers share.
func (r *Room) showPending() {
	if n := r.outbox.reports; n != r.shown {
		r.ports.Add(r.pending, uint64(n)-uint64(r.shown)) // below zero, it counts down
		r.shown = n
	}
}

// Close ends the room: another configuration takes its place. What waits is sent as far as one
// call has room for it, and nobody will learn what became of that.
func (r *Room) Close() {
	if r == nil {
		return
	}
	r.underway = false
	r.flush(r.moment())
	for _, c := range r.calls {
		for _, i := range c.items {
			if i.kind.isReport() {
				r.delivery[unconfirmed].Add(uint64(i.hits))
			}
		}
	}
	clear(r.calls)
	r.delivery[lost].Add(r.outbox.expire(math.MaxInt64, false))
	r.showPending()
}

// passOnUnlocks counts the unlocks at the service that operations endpoints have asked for.
func (r *Room) passOnUnlocks(at moment) {
	for _, shared := range register.TakeUnlocks(r.ports, r.shared.Fleet) {
		r.put(&item{Counter: Counter{Rule: &r.unlock, Shared: shared}, kind: unlock, hits: 1, ends: at.now + longestUnit}, at)
	}
}

// moment is the time on both clocks.
func (r *Room) moment() moment { return moment{r.ports.Now(), r.ports.WallNow()} }

// chance is a number that nobody can predict who does not know the secret.
func (r *Room) chance(now int64) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], uint64(now))
	binary.LittleEndian.PutUint64(b[8:], uint64(r.ticks))
	return r.shared.Hash(b[:])
}
