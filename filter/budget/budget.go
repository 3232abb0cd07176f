// Package budget has what MCP calls cost paid by a quota service outside of the proxy: it
// reserves the credits of a request there, and settles the reservation when it is known
// what came of the calls. docs/quota-service.yaml is the protocol.
//
// A [Room] belongs to a worker, a [State] to a request. The moments of a request:
//
//	Begin    whether its surface has a budget, Price what it costs
//	Ask      the service is asked to reserve that; told is called when it has answered
//	Check    whether the request is refused: the budget has not enough, or the service
//	         did not answer
//	Refund   some of its calls failed, Commit the rest is spent
//	Done     the stream has ended
//
// A reservation belongs to no request, because its settlement goes on when the request is
// gone. While it is not settled, the journal has it: if the worker goes away, another one
// settles it. What the service does not confirm is repeated until the reservation's
// lifetime ends; then the service itself gives it back.
//
// The files:
//
//	budget.go       the room
//	state.go        a request
//	reservation.go  a reservation, from the first call to the last
//	settle.go       settlements that the service has not confirmed
//	protocol.go     requests to the service, and what its answers say
//	words.go        what a refusal says
//	headers.go      what a response says of the budget
//	explain.go      what explain shows
package budget

import (
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/breaker"
	"github.com/gatewarden/gatewarden/journal"
	"github.com/gatewarden/gatewarden/table"
)

// Ports are what the room needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.Callouts
	proxy.ResponseHeader
	proxy.ResponseHeaders
}

// Room has the reservations of one worker. It is not safe for concurrent use.
type Room struct {
	config  *config.QuotaService // nil if there is no quota service
	ports   Ports
	table   *table.Table // makes keys
	log     *report.Log
	journal *journal.Journal
	breaker breaker.Breaker
	rules   []Rule

	// asked are the reservations with a call under way, by its number.
	asked map[uint32]*reservation
	// due are those whose settlement has to be repeated.
	due []*reservation
	// made is the number of reservations so far.
	made uint64
	// name is that of the journal.
	name []byte

	calls   [verbs][outcomes]report.Counter
	credits report.Credits
	headers []proxy.Header
	entries [1]journal.Entry // scratch
}

// Rule is the room's part of a surface.
type Rule struct {
	room                  *Room
	surface               string
	exceeded, unavailable report.Counter
}

const (
	// maxAsked bounds the reservations that one worker asks for at a time, maxDue the
	// settlements that it repeats.
	maxAsked = 1024
	maxDue   = 8192
)

// New prepares for the quota service of a configuration. t makes the keys of reservations,
// under the seed that all workers share.
//
//go:noinline
func New(c *config.Config, p Ports, store table.Store, t *table.Table, log *report.Log, m *report.Metrics) *Room {
	r := &Room{config: c.QuotaService, ports: p, table: t, log: log}
	if c.QuotaService == nil || c.QuotaService.Mode == config.ModeOff {
		r.config = nil
		return r
	}
	r.asked, r.headers = map[uint32]*reservation{}, headersOf(c.QuotaService)
	r.name = r.journalName()
	r.journal = journal.New(store, string(r.name))
	r.rules = make([]Rule, len(c.Surfaces))
	for i := range r.rules {
		s := &c.Surfaces[i]
		if !s.IsAmong(c.QuotaService.Surfaces) || !c.MCP.AppliesTo(s) {
			continue
		}
		u := &r.rules[i]
		u.room, u.surface = r, s.Name
		m.DefineRefusals(&u.exceeded, s.Name, string(refusal.QuotaExceeded))
		m.DefineRefusals(&u.unavailable, s.Name, string(refusal.StoreUnavailable))
	}
	r.defineMetrics(m)
	return r
}

// journalName keeps reservations of different services apart: they must not be settled
// with another one.
func (r *Room) journalName() []byte {
	c := r.config
	key := r.table.Key([]byte("quota service"), []byte(c.Cluster), []byte(c.Scheme), []byte(c.Authority), []byte(c.Path))
	return key.Append(nil)
}

func (r *Room) defineMetrics(m *report.Metrics) {
	for v := range r.calls {
		for o := range r.calls[v] {
			if possible[v]&(1<<o) != 0 {
				m.DefineBy(&r.calls[v][o], report.By("gatewarden_quota_service_calls_total", "operation", verbNames[v]), "outcome", outcomeNames[o])
			}
		}
	}
	r.credits.Define(m, r.config.Name)
}

// Rule returns the rule of a surface, by its place in the configuration, or nil if the
// service has no budget for it.
func (r *Room) Rule(surface int) *Rule {
	if surface < 0 || surface >= len(r.rules) || r.rules[surface].room == nil {
		return nil
	}
	return &r.rules[surface]
}

// newKey returns a key that no other reservation has. It is not ok if shared data does not
// keep this worker's number. Each journal counts workers from one
// on, and the same service may be asked under another name.
func (r *Room) newKey() (key table.Key, ok bool) {
	worker, ok := r.journal.Worker()
	r.made++
	return r.table.Key([]byte("reservation"), r.name, strconv.AppendUint(nil, uint64(worker), 10), strconv.AppendUint(nil, r.made, 10)), ok
}

// report logs why the service gave no usable answer.
func (r *Room) report(v verb, why string) {
	if r.log.Allows(report.Signal, r.ports.Now()) {
		r.log.Write(report.NewLine("quota service error").Field("cluster", r.config.Cluster).Field("operation", verbNames[v]).Field("reason", why))
	}
}
