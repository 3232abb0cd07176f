package operations

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Endpoint is a configuration with "admin" made ready for one worker. It is not safe for
// concurrent use.
type Endpoint struct {
	// envoy is the version of Envoy, "" if the host does not state it.
	envoy    string
	form     config.ClientForm
	holders  []holder
	hosts    []string
	store    table.Store
	seed     table.Seed
	register *register.Register
	// tables are those of the instances that guard, by their sizes; nil until asked for.
	tables  [table.MaxSize + 1]*table.Table
	metrics metrics
	// deniedAt is when the last line about a refused token was written.
	deniedAt int64
}

// metrics count what was done here.
type metrics struct{ list, lock, unlock, denied proxy.Metric }

// New makes an endpoint of a configuration. seed must be that of the instances that
// guard: see table.LoadSeed. envoy is the version of Envoy, "" if it is not known.
//
//go:noinline
func New(c *config.Config, host Host, seed table.Seed, envoy string) *Endpoint {
	return &Endpoint{
		envoy: envoy, form: c.Log.Client, holders: holders(c.Admin.Tokens), hosts: c.Admin.Hosts,
		store: host, seed: seed, register: register.New(host),
		metrics: metrics{
			list:   host.Counter("gatewarden_operations_total" + ".operation.list"),
			lock:   host.Counter("gatewarden_operations_total" + ".operation.lock"),
			unlock: host.Counter("gatewarden_operations_total" + ".operation.unlock"),
			denied: host.Counter("gatewarden_operations_total" + ".operation.denied"),
		},
	}
}

// Answer answers the request whose headers have arrived, without waiting for its body.
func (e *Endpoint) Answer(host Host) {
	r := readRequest(host.RequestHeaders())
	host.Reply(e.answer(host, &r))
}

const (
	pathOfPage     = "/"
	pathOfLockouts = "/lockouts"
)

func (e *Endpoint) answer(host Host, r *request) *proxy.Reply {
	if refused := e.strange(r); refused != nil {
		return refused
	}
	id, isLockout := strings.CutPrefix(r.path, pathOfLockouts+"/")
	reads := r.method == "GET" || r.method == "HEAD"
	switch {
	case r.path == pathOfPage && reads:
		return reply(200, mediaOfPage, []byte(page))
	case r.path == pathOfPage:
		return notAllowed("GET, HEAD")
	case r.path == pathOfLockouts && reads:
		return e.asOperator(host, r, func(string) *proxy.Reply { return e.list(host, r) })
	case r.path == pathOfLockouts && r.method == "POST":
		return e.asOperator(host, r, func(by string) *proxy.Reply { return e.lock(host, r, by) })
	case r.path == pathOfLockouts:
		return notAllowed("GET, HEAD, POST")
	case isLockout && r.method == "DELETE":
		return e.asOperator(host, r, func(by string) *proxy.Reply { return e.unlock(host, id, by) })
	case isLockout:
		return notAllowed("DELETE")
	}
	return problem(404, "Not Found", "Here are / and /lockouts.")
}

// asOperator does what an operator asks for, with the operator's id.
func (e *Endpoint) asOperator(host Host, r *request, do func(by string) *proxy.Reply) *proxy.Reply {
	if embedded(r) {
		return problem(403, "Forbidden", "The request was made by a page elsewhere. Use the page of this endpoint.")
	}
	by, ok := e.operator(r)
	if !ok {
		e.deny(host, r)
		return unauthorized()
	}
	return do(by)
}

// denyEvery, in milliseconds, holds lines about refused tokens to a rate.
const denyEvery = 1000

// deny notes that a token was refused. A request without one is not worth a note.
func (e *Endpoint) deny(host Host, r *request) {
	if r.authorizations == 0 {
		return
	}
	host.Add(e.metrics.denied, 1)
	if now := host.Now(); now-e.deniedAt >= denyEvery || now < e.deniedAt {
		e.deniedAt = now
		host.Warn("gatewarden: operator denied")
	}
}

// table is that of the instances that guard with this size.
func (e *Endpoint) table(size uint8) *table.Table {
	size = min(size, table.MaxSize)
	if e.tables[size] == nil {
		e.tables[size] = table.NewSized(e.store, e.seed, size)
	}
	return e.tables[size]
}
