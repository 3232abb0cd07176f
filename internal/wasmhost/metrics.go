package wasmhost

import (
	"maps"
	"sync"
)

// Metrics are the statistics of one process. VMs that define a metric of the
// same name and type share its value. It is safe for concurrent use.
type Metrics struct {
	mu      sync.Mutex
	values  map[metricKey]uint64
	samples map[string][]uint64
}

type metricKey struct {
	kind MetricType
	name string
}

// NewMetrics returns metrics without a value.
func NewMetrics() *Metrics {
	return &Metrics{values: map[metricKey]uint64{}, samples: map[string][]uint64{}}
}

// Counter returns the value of a counter, 0 if no VM defined it.
func (m *Metrics) Counter(name string) uint64 { return m.get(metricKey{Counter, name}) }

// Gauge returns the value of a gauge, 0 if no VM defined it.
func (m *Metrics) Gauge(name string) uint64 { return m.get(metricKey{Gauge, name}) }

// Histogram returns the samples recorded, in order.
func (m *Metrics) Histogram(name string) []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]uint64(nil), m.samples[name]...)
}

// Counters returns all counters that are defined, by name.
func (m *Metrics) Counters() map[string]uint64 { return m.all(Counter) }

// Gauges returns all gauges that are defined, by name.
func (m *Metrics) Gauges() map[string]uint64 { return m.all(Gauge) }

func (m *Metrics) all(kind MetricType) map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]uint64{}
	for key, value := range maps.All(m.values) {
		if key.kind == kind {
			all[key.name] = value
		}
	}
	return all
}

func (m *Metrics) get(key metricKey) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key]
}

func (m *Metrics) define(key metricKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] += 0
}

func (m *Metrics) add(key metricKey, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] += n
}

func (m *Metrics) set(key metricKey, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = n
}

func (m *Metrics) sample(name string, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples[name] = append(m.samples[name], n)
}
