package main

import (
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/table"
)

// The columns of what memory does.
const (
	colRSSGrowth = "RSS growth"
	colGrowth    = "growth of what is allocated"
	colFormula   = "growth by the formula, at most"
	colTable     = "bytes that the proxy says its table takes at most"
)

// fillTime is about how long one of the requests takes that fill a table.
const fillTime = 60 * time.Microsecond

// fewBefore come before the many, with at most so many requests.
const (
	fewBefore = 10
	fewFirst  = 50_000
)

// fillUp sends requests from as many as the variant has, and looks at what the proxy grew
// by. Before that it has had as many from few, so that buffers and heaps have found their
// size.
func (b *bench) fillUp(row string, m *member) error {
	shape := load.Shape{Connections: saturating.Connections, Requests: int64(min(m.fill, fewFirst))}
	few := m.request()
	few.Turns.Count = min(few.Turns.Count, fewBefore)
	result, err := load.Run(few, shape)
	if err != nil {
		return err
	}
	m.requests += result.Requests
	before, err := memoryOf(m)
	if err != nil {
		return err
	}
	shape.Requests = int64(m.fill)
	b.say("%s: %s requests before it is measured", row, grouped(m.fill))
	if _, err := m.load(shape); err != nil {
		return err
	}
	after, err := memoryOf(m)
	if err != nil {
		return err
	}
	b.results.Add(row, colRSSGrowth, float64(after.rss-before.rss)/megabyte)
	b.results.Add(row, colGrowth, float64(after.allocated-before.allocated)/megabyte)
	if !wasmOf(m.variant) {
		return nil
	}
	return b.addFormula(row, m)
}

// memory is what a proxy has.
type memory struct{ rss, allocated int64 }

func memoryOf(m *member) (memory, error) {
	used, err := m.server.Usage()
	if err != nil {
		return memory{}, err
	}
	allocated, err := m.server.Allocated()
	return memory{used.RSS, allocated}, err
}

// addFormula adds what the table takes at most, by what the documentation says and by
// what the proxy says.
func (b *bench) addFormula(row string, m *member) error {
	of, metric := table.New(nil, table.Seed{}, tableClients), "gatewarden_table_max_bytes"
	if m.turns.Header == perTenant.header {
		of, metric = table.NewNamed(nil, table.Seed{}, "quota", tenantTable), "gatewarden_quota_table_max_bytes"
	}
	said, err := stat(m, "wasmcustom."+metric)
	if err != nil {
		return err
	}
	b.results.Add(row, colFormula, float64(of.MaxBytes())/megabyte)
	b.results.Add(row, colTable, float64(said)/megabyte)
	return nil
}
