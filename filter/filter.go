package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/audit"
	"github.com/gatewarden/gatewarden/filter/budget"
	"github.com/gatewarden/gatewarden/filter/burst"
	"github.com/gatewarden/gatewarden/filter/bypass"
	"github.com/gatewarden/gatewarden/filter/client"
	"github.com/gatewarden/gatewarden/filter/concurrency"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/fleet"
	"github.com/gatewarden/gatewarden/filter/identity"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/oauth"
	"github.com/gatewarden/gatewarden/filter/outcome"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/route"
	"github.com/gatewarden/gatewarden/filter/scope"
	"github.com/gatewarden/gatewarden/table"
)

// Filter is a configuration made ready for the requests of one worker. It is not safe
// for concurrent use; every worker has its own.
type Filter struct {
	config   *config.Config
	host     proxy.Host
	hash     *table.Table // hashes guesses
	surfaces []surface

	route       *route.Router
	client      *client.Finder
	credential  *credential.Reader
	identity    *identity.Room
	outcome     *outcome.Room
	lockout     *lockout.Room
	attempt     *attempt.Room
	burst       *burst.Room
	bypass      *bypass.Room
	quota       *quota.Room
	budget      *budget.Room
	concurrency *concurrency.Room
	scope       *scope.Room
	mcp         *mcp.Room
	oauth       *oauth.Room
	audit       *audit.Room
	fleet       *fleet.Room // nil: there is none

	cors      *refusal.CORS
	log       *report.Log
	metrics   *report.Metrics
	malformed report.Counter
	name      []byte // scratch: a credential's name
	passed    []byte // scratch: what passes of a piece of an answer

	holding holding
	held    []*Stream // those whose headers are held
	probes  int       // ticks for their sake
}

// New makes a filter of a configuration. All workers must have the same seed, see
// [table.LoadSeed].
//
//go:noinline
func New(c *config.Config, host proxy.Host, seed table.Seed) *Filter {
	m := report.NewMetrics(host)
	t := table.New(host, seed, c.Table.Clients)
	counters := counter.New(t, "gatewarden_table", m)
	log := report.NewLog(&c.Log, host, t, m)
	list := report.NewLockouts(host, t, m)
	shared := counter.NewShared(c.Fleet)
	f := &Filter{
		config: c, host: host, hash: t, holding: holdingOf(c), surfaces: make([]surface, len(c.Surfaces)), log: log, metrics: m,
		route:       route.New(c),
		client:      client.New(&c.Client, host),
		credential:  credential.New(&c.Credentials),
		outcome:     outcome.New(c, host),
		lockout:     lockout.New(c, host, host, counters, shared, log, list, m),
		attempt:     attempt.New(c, host, counters, shared, log, list, m),
		burst:       burst.New(c, counters, m),
		bypass:      bypass.New(c, host, log, m),
		quota:       quota.New(c, host, host, seed, shared, m),
		budget:      budget.New(c, host, host, t, log, m),
		concurrency: concurrency.New(c, host, counters, m),
		scope:       scope.New(c, host, m),
		mcp:         mcp.New(c, host, m),
		oauth:       oauth.New(c, host, log, m),
		audit:       audit.New(c, host, log, t, m),
	}
	f.identity = identity.New(c, host, counters, shared.Or(&t.Names), log, m, f.discoveries())
	f.fleet = fleet.New(c, host, seed, shared, log, m, f.learn)
	f.cors = refusal.NewCORS(&c.CORS, f.exposed())
	m.DefineRefusals(&f.malformed, noSurface, string(refusal.Malformed))
	for i := range f.surfaces {
		f.readySurface(i)
	}
	for _, warning := range c.Warnings() {
		host.Warn("gatewarden: " + warning)
	}
	f.lockout.Tick()
	return f
}

// exposed lists the header fields that pages of other origins may read.
func (f *Filter) exposed() string {
	if fields := f.quota.Exposed(); fields != "" {
		return fields // which are those of the budget, and more
	}
	return f.budget.Exposed()
}

// TickPeriod is how often the plugin calls [Filter.Tick], in milliseconds. Metrics lag
// behind by so much.
const TickPeriod = 1000

// Tick does what is due from time to time.
func (f *Filter) Tick() {
	if len(f.held) > 0 && !f.tickHeld() {
		return
	}
	f.concurrency.Tick()
	f.quota.Tick()
	f.budget.Tick()
	f.fleet.Tick()
	f.hearFleet()
	f.lockout.Tick()
	f.burst.Tick()
	f.Flush()
}

// Flush passes the metrics on to the proxy.
func (f *Filter) Flush() { f.metrics.Flush() }

// Close ends the filter: another configuration takes its place, or none.
func (f *Filter) Close() {
	f.fleet.Close()
	f.Flush()
}

// Answered reports the response to the callout with this number, and the size of its
// body. All requests that waited for it continue.
func (f *Filter) Answered(number uint32, size int) {
	f.identity.Answered(number, size)
	f.budget.Answered(number, size)
	f.oauth.Answered(number, size)
}
