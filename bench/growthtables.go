package main

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// growthTable is what the document says about one of the growing things.
type growthTable struct {
	part, title, note, unit string
	// each is what one more may cost, in raw host calls; flat is 0.
	each float64
	// judged tells whether there is a promise about time, filled whether memory grows.
	judged, filled bool
}

var growthTables = []growthTable{
	{"growth/rules", "With the number of quotas", rulesNote, "quotas", mostEachQuota, true, false},
	{"growth/tenants", "With the number of tenants", tenantsNote, "tenants", 0, true, true},
	{"growth/clients", "With the number of clients", clientsNote, "clients", 0, true, true},
	{"growth/tools", "With the number of tools", toolsNote, "tools", 0, true, false},
	{"growth/surfaces", "With the number of surfaces", surfacesNote, "surfaces", 0, false, false},
	{"growth/headers", "With the size of the headers", headersNote, "bytes of further headers", 0, false, false},
}

// addGrowth writes how cost and memory grow.
func (b *bench) addGrowth(d *document) {
	for _, t := range growthTables {
		for _, g := range b.groups() {
			if g.name == t.part {
				head := []string{"variant", t.unit, "CPU over bare, µs", "of the four raw host calls"}
				if t.judged {
					head = append(head, "time")
				}
				if t.filled {
					head = append(head, "RSS growth MB", "growth MB", "by the formula, at most", "memory")
				}
				d.section(t.title, t.note, head, b.growthRows(t, g))
			}
		}
	}
}

func (b *bench) growthRows(t growthTable, g group) [][]string {
	var rows [][]string
	first := map[string]step{}
	for _, v := range g.members {
		name, number, _ := strings.Cut(v.name, "/")
		row := g.row(v.name)
		if !b.results.Has(row, colCPU) || v.base == v.name {
			continue
		}
		now := step{b.results.Get(row, colRatio), atoi(number)}
		if _, known := first[name]; !known {
			first[name] = now
		}
		cells := append([]string{name, number}, b.cells(row, colOver, colRatio)...)
		if t.judged {
			cells = append(cells, t.time(v, first[name], now))
		}
		if t.filled {
			cells = append(append(cells, b.cells(row, colRSSGrowth, colGrowth, colFormula)...), b.memory(row))
		}
		rows = append(rows, cells)
	}
	return rows
}

// step is what something costs, in raw host calls, when there are so many.
type step struct {
	cost report.Summary
	n    int
}

// alike is by how much two costs may differ that are called the same.
const alike = 1.1

// time judges a step against the first one.
func (t growthTable) time(v variant, first, now step) string {
	if !wasmOf(v) || first.n == now.n {
		return "–"
	}
	allowed := first.cost.Median*alike + t.each*float64(now.n-first.n)
	if now.cost.Median <= allowed {
		return "as stated"
	}
	return fmt.Sprintf("more: %s allowed", report.Number(allowed))
}

// memory judges growth against the formula.
func (b *bench) memory(row string) string {
	switch {
	case !b.results.Has(row, colFormula):
		return "–"
	case b.results.Get(row, colFormula).Max != b.results.Get(row, colTable).Max:
		return "the proxy says another size"
	case b.results.Get(row, colGrowth).Max <= b.results.Get(row, colFormula).Max+mostGrowth:
		return "as stated"
	}
	return "more"
}
