package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Filter is a configuration made ready for the request path of one worker. It
// is not safe for concurrent use; every worker has its own.
type Filter struct {
	config   *config.Config
	surfaces []surface
	sources  []identitySource
	// acceptedFor is how long, in milliseconds, a credential stays accepted.
	acceptedFor int64

	guidance  guidance
	challenge *challenge // nil without oauth
	documents []document
	table     *table.Table
	quotas    []quota
	// quotaTable has the quotas' counters: everybody who asks for something has
	// some, and they must not push out those of who failed.
	quotaTable *table.Table
	// limits are those on requests in flight, and holdings what this worker holds
	// under them.
	limits   []limit
	holdings map[table.Key]*holding

	// register and catalogue are for operations endpoints, ticks those since the start.
	register  *register.Register
	catalogue []register.Surface
	ticks     uint

	lookups  lookups
	audit    audit
	signals  audit // the same rate again, for lines about attacks
	bypasses audit // and for uses of the bypass
	metrics  metrics

	// exposed are the fields of the filter's own replies that pages may read.
	exposed string

	readings []string // scratch: the spellings of a path
	name     []byte   // scratch: a principal, or who pays
	text     []byte   // scratch: values of header fields
	headers  []Header // scratch: to be added to a response
	moment   moment   // scratch: a clock
}

// New makes a filter of a configuration. seed must be the same for all workers:
// see table.LoadSeed.
func New(c *config.Config, host Host, seed table.Seed) *Filter {
	f := &Filter{
		config:   c,
		surfaces: make([]surface, len(c.Surfaces)),
		table:    table.New(host, seed, c.Table.Clients),
		register: register.New(host),
		audit:    audit{form: c.Log.Client, perSecond: int64(c.Log.PerSecond)},
		signals:  audit{perSecond: int64(c.Log.PerSecond)},
		bypasses: audit{perSecond: int64(c.Log.PerSecond)},
	}
	for i := range c.Surfaces {
		s := &f.surfaces[i]
		s.Surface = &c.Surfaces[i]
		s.name = []byte(s.Name)
		s.wide = s.Lockout
		s.wide.Failures = s.Lockout.Wide.Failures
		s.readyDistinct()
		s.readyAccount()
		for _, m := range s.Match {
			m.Path = trimSlash(lower(m.Path))
			s.match = append(s.match, m)
		}
	}
	f.readyIdentity()
	f.lookups = newLookups()
	f.exposed = exposed
	if f.readyQuotas(c.Quotas, host, seed); len(f.quotas) > 0 {
		f.exposed += ", " + exposedQuotaFields
	}
	f.readyConcurrency()
	f.guidance = newGuidance(c)
	if c.OAuth != nil {
		f.challenge = newChallenge(c.OAuth)
		if c.OAuth.ServeMetadata {
			f.documents = documents(c.OAuth)
		}
	}
	f.readyCatalogue()
	f.publish(host)
	f.defineMetrics(host)
	for _, warning := range c.Warnings() {
		host.Warn("gatewarden: " + warning)
	}
	return f
}

// TickPeriod, in milliseconds, is how often the plugin calls Tick: so far may
// metrics lag behind.
const TickPeriod = 1000

// Tick does what is due now and then.
func (f *Filter) Tick(host Host) {
	f.confirmPlaces(host)
	f.publish(host)
	f.Flush(host)
}
