package fakehost

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Counter defines a counter, or returns the one of that name.
func (h *Host) Counter(name string) proxy.Metric { return h.metric("counter", name) }

// Gauge defines a gauge, or returns the one of that name.
func (h *Host) Gauge(name string) proxy.Metric { return h.metric("gauge", name) }

// Histogram defines a histogram, or returns the one of that name.
func (h *Host) Histogram(name string) proxy.Metric { return h.metric("histogram", name) }

func (h *Host) metric(kind, name string) proxy.Metric {
	h.record("define")
	for i, known := range h.Names {
		if known == kind+" "+name {
			return proxy.Metric(i)
		}
	}
	h.Names = append(h.Names, kind+" "+name)
	h.Values = append(h.Values, 0)
	return proxy.Metric(len(h.Names) - 1)
}

// Add adds to a counter.
func (h *Host) Add(m proxy.Metric, n uint64) { h.record("add metric"); h.Values[m] += n }

// Record sets a gauge, or adds a sample to a histogram.
func (h *Host) Record(m proxy.Metric, value uint64) {
	h.record("record metric")
	h.Values[m] = value
	if name, histogram := strings.CutPrefix(h.Names[m], "histogram "); histogram {
		if h.Samples == nil {
			h.Samples = map[string][]uint64{}
		}
		h.Samples[name] = append(h.Samples[name], value)
	}
}

// Value returns what a counter or a gauge stands at. The test fails if none such is
// defined.
func (h *Host) Value(t testing.TB, name string) uint64 {
	t.Helper()
	for i, known := range h.Names {
		if known == "counter "+name || known == "gauge "+name {
			return h.Values[i]
		}
	}
	t.Fatalf("there is neither a counter nor a gauge %s", name)
	return 0
}
