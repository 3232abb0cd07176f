package filter

import "github.com/gatewarden/gatewarden/table"

// counter is a metric that is counted here and handed to the host once in a
// while: a host call for every request would cost more than the decision.
type counter struct {
	metric  Metric
	pending uint64
}

func (c *counter) add(n uint64) { c.pending += n }

func (c *counter) flush(host Host) {
	if c.pending > 0 {
		host.Add(c.metric, c.pending)
		c.pending = 0
	}
}

// metrics are those that belong to no surface.
type metrics struct {
	malformed  counter
	suppressed counter // log lines left out
	unlisted   counter // lockouts for which the register had no room

	table, quotas tableMetrics

	introspections [len(introspectionOutcomes)]counter
}

// tableMetrics are those of a table.
type tableMetrics struct{ evictions, full, contended, retries counter }

// observe counts what an update of the table came to.
func (m *tableMetrics) observe(result table.Result) {
	m.retries.add(uint64(result.Retries))
	switch {
	case result.Evicted:
		m.evictions.add(1)
	case result.Outcome == table.Full:
		m.full.add(1)
	case result.Outcome == table.Contended:
		m.contended.add(1)
	}
}

func (m *tableMetrics) flush(host Host) {
	for _, c := range []*counter{&m.evictions, &m.full, &m.contended, &m.retries} {
		c.flush(host)
	}
}

// What comes of a token that an authorization server knows.
const (
	introspectionActive = iota
	introspectionInactive
	introspectionError
	introspectionCached
	introspectionJoined
	introspectionOverload
)

var introspectionOutcomes = [...]string{
	introspectionActive: "active", introspectionInactive: "inactive", introspectionError: "error",
	introspectionCached: "cached", introspectionJoined: "joined", introspectionOverload: "overload",
}

// label makes a metric's name with labels. Envoy has no labels for Wasm metrics;
// the stats_tags in envoy.yaml cut them out of the name again.
func label(name string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		name += "." + pairs[i] + "." + pairs[i+1]
	}
	return name
}

const (
	// noSurface labels refusals that belong to no surface; no surface can have
	// this name.
	noSurface        = "_"
	requestsTotal    = "gatewarden_requests_total"
	rateLimitedTotal = "gatewarden_rate_limited_requests_total"

	quotaRequestsTotal = "gatewarden_quota_requests_total"
)

// defineMetrics defines every metric at load, so that each is there from the
// start with the value 0 and none is ever made from what a client sends.
func (f *Filter) defineMetrics(host Host) {
	define := func(c *counter, name string) { c.metric = host.Counter(name) }
	for i := range f.surfaces {
		s := &f.surfaces[i]
		define(&s.passed, label(requestsTotal, "surface", s.Name, "outcome", "passed"))
		define(&s.refused, label(requestsTotal, "surface", s.Name, "outcome", "refused"))
		define(&s.shadowed, label(requestsTotal, "surface", s.Name, "outcome", "shadowed"))
		define(&s.knownGood, label(requestsTotal, "surface", s.Name, "outcome", "known_good"))
		define(&s.failures, label("gatewarden_auth_failures_total", "surface", s.Name))
		define(&s.lockouts, label("gatewarden_lockouts_total", "surface", s.Name))
		define(&s.networkLockouts, label("gatewarden_network_lockouts_total", "surface", s.Name))
		define(&s.stuffings, label("gatewarden_stuffing_total", "surface", s.Name))
		define(&s.sprayings, label("gatewarden_spraying_total", "surface", s.Name))
		define(&s.rateLimited, label(rateLimitedTotal, "surface", s.Name, "reason", string(ReasonRateLimited)))
		define(&s.lockedOut, label(rateLimitedTotal, "surface", s.Name, "reason", string(ReasonLockedOut)))
		define(&s.overCapacity, label(rateLimitedTotal, "surface", s.Name, "reason", string(ReasonOverCapacity)))
		define(&s.bypasses, label("gatewarden_bypass_total", "surface", s.Name, "outcome", "used"))
		define(&s.bypassDenied, label("gatewarden_bypass_total", "surface", s.Name, "outcome", "denied"))
		define(&s.denied, label("gatewarden_auth_denied_total", "surface", s.Name))
		define(&s.unavailable, label("gatewarden_auth_unavailable_total", "surface", s.Name))
		if len(s.quotas) > 0 {
			define(&s.overQuota, label(rateLimitedTotal, "surface", s.Name, "reason", string(ReasonQuotaExceeded)))
		}
	}
	for i := range f.limits {
		l := &f.limits[i]
		define(&l.refused, label("gatewarden_over_capacity_total", "rule", l.Name, "outcome", "refused"))
		define(&l.shadowed, label("gatewarden_over_capacity_total", "rule", l.Name, "outcome", "shadowed"))
	}
	m := &f.metrics
	define(&m.malformed, label(rateLimitedTotal, "surface", noSurface, "reason", string(ReasonMalformed)))
	define(&m.suppressed, "gatewarden_log_suppressed_total")
	define(&m.unlisted, "gatewarden_lockouts_unlisted_total")
	define(&m.table.evictions, "gatewarden_table_evictions_total")
	define(&m.table.full, "gatewarden_table_full_total")
	define(&m.table.contended, "gatewarden_table_contended_total")
	define(&m.table.retries, "gatewarden_table_retries_total")
	for i, outcome := range introspectionOutcomes {
		define(&m.introspections[i], label("gatewarden_introspections_total", "outcome", outcome))
	}
	host.Record(host.Gauge("gatewarden_table_capacity"), uint64(f.table.Capacity()))
	host.Record(host.Gauge("gatewarden_table_max_bytes"), uint64(f.table.MaxBytes()))
	if len(f.quotas) > 0 {
		f.defineQuotaMetrics(host)
	}
}

func (f *Filter) defineQuotaMetrics(host Host) {
	define := func(c *counter, name string) { c.metric = host.Counter(name) }
	for i := range f.quotas {
		q := &f.quotas[i]
		define(&q.admitted, label(quotaRequestsTotal, "rule", q.Name, "outcome", "admitted"))
		define(&q.refused, label(quotaRequestsTotal, "rule", q.Name, "outcome", "refused"))
		define(&q.shadowed, label(quotaRequestsTotal, "rule", q.Name, "outcome", "shadowed"))
		define(&q.unverified, label("gatewarden_quota_unverified_total", "rule", q.Name))
	}
	m := &f.metrics.quotas
	define(&m.evictions, "gatewarden_quota_table_evictions_total")
	define(&m.full, "gatewarden_quota_table_full_total")
	define(&m.contended, "gatewarden_quota_table_contended_total")
	define(&m.retries, "gatewarden_quota_table_retries_total")
	host.Record(host.Gauge("gatewarden_quota_table_capacity"), uint64(f.quotaTable.Capacity()))
	host.Record(host.Gauge("gatewarden_quota_table_max_bytes"), uint64(f.quotaTable.MaxBytes()))
}

// Flush hands what was counted to the host. The plugin calls it before it goes.
func (f *Filter) Flush(host Host) {
	for i := range f.surfaces {
		s := &f.surfaces[i]
		for _, c := range []*counter{
			&s.passed, &s.refused, &s.shadowed, &s.knownGood,
			&s.failures, &s.lockouts, &s.networkLockouts, &s.stuffings, &s.sprayings, &s.lockedOut, &s.rateLimited,
			&s.denied, &s.unavailable, &s.overQuota, &s.overCapacity, &s.bypasses, &s.bypassDenied,
		} {
			c.flush(host)
		}
	}
	for i := range f.quotas {
		q := &f.quotas[i]
		for _, c := range []*counter{&q.admitted, &q.refused, &q.shadowed, &q.unverified} {
			c.flush(host)
		}
	}
	for i := range f.limits {
		f.limits[i].refused.flush(host)
		f.limits[i].shadowed.flush(host)
	}
	m := &f.metrics
	m.malformed.flush(host)
	m.suppressed.flush(host)
	m.unlisted.flush(host)
	m.table.flush(host)
	m.quotas.flush(host)
	for i := range m.introspections {
		m.introspections[i].flush(host)
	}
}
