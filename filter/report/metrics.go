// Package report is how the rooms tell operators what happens: metrics, lines in the
// proxy's log that are held to a rate, and the register of lockouts.
package report

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Counter counts in the worker. [Metrics.Flush] passes what it counted on to the
// proxy: a host call for every request would cost more than the decision.
type Counter struct {
	metric  proxy.Metric
	pending uint64
}

// Add adds n.
func (c *Counter) Add(n uint64) { c.pending += n }

// Metrics defines the metrics of the rooms and flushes them.
type Metrics struct {
	host     proxy.Metrics
	counters []*Counter
}

// NewMetrics returns metrics that are kept by the proxy.
func NewMetrics(host proxy.Metrics) *Metrics { return &Metrics{host: host} }

// Define defines a counter. Rooms define their counters when the configuration is
// loaded: each is there from the start with the value 0, and nothing that a client sends
// makes a new one.
//
//go:noinline
func (m *Metrics) Define(c *Counter, name string) {
	c.metric = m.host.Counter(name)
	m.counters = append(m.counters, c)
}

// DefineBy defines a counter that differs from others of its name by a label.
//
//go:noinline
func (m *Metrics) DefineBy(c *Counter, name, label, value string) {
	m.Define(c, By(name, label, value))
}

// DefineRefusals defines a counter of the requests to a surface that are refused for a
// reason.
func (m *Metrics) DefineRefusals(c *Counter, surface, reason string) {
	m.DefineBy(c, By("gatewarden_rate_limited_requests_total", "surface", surface), "reason", reason)
}

// Gauge defines a gauge with a constant value.
func (m *Metrics) Gauge(name string, value uint64) { m.host.Record(m.host.Gauge(name), value) }

// By appends a label to a metric's name. Envoy has no labels for Wasm metrics; the
// stats_tags in envoy.yaml cut them out of the name again.
//
//go:noinline
func By(name, label, value string) string {
	return strings.Join([]string{name, label, value}, ".")
}

// Flush passes the counters on to the proxy.
func (m *Metrics) Flush() {
	for _, c := range m.counters {
		if c.pending > 0 {
			m.host.Add(c.metric, c.pending)
			c.pending = 0
		}
	}
}
