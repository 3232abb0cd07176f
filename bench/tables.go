package main

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// column is one of a table of variants.
type column struct{ head, of string }

var (
	costColumns = []column{
		{"CPU over bare, µs", colOver}, {"of the four raw host calls", colRatio}, {"CPU µs/request", colCPU}, {"requests/s", colRate},
	}
	rateColumns = []column{
		{"requests/s", colRate}, {"of the direct response's", colShare}, {"CPU over bare, µs", colOver}, {"CPU µs/request", colCPU},
	}
	pacedColumns = []column{{"p50 µs at 4000/s", colP50}, {"p99 µs at 4000/s", colP99}}
	storeColumns = []column{{"CPU µs/request of ratelimit and Redis", colStore}}
	rssColumns   = []column{{"RSS MB", colRSS}}
)

// addGroups writes the tables of the groups, but those of growth.
func (b *bench) addGroups(d *document) {
	with := func(columns ...[]column) []column { return slices.Concat(columns...) }
	for _, g := range b.groups() {
		switch {
		case strings.HasPrefix(g.name, "pass/"):
			title := "equests that pass, " + plural(g.workers, "worker")
			columns := with(costColumns, b.pacedOf(&g), storeColumns, rssColumns)
			isQuota := func(v variant) bool { return strings.HasPrefix(v.name, "quota-") || v.name == "ratelimit" }
			b.addGroup(d, "R"+title, passNote, g.without(isQuota), columns)
			b.addGroup(d, "Quotas: r"+title, quotaNote, g.without(func(v variant) bool { return !isQuota(v) && v.base != v.name }), columns)
		case strings.HasPrefix(g.name, "refuse/"):
			b.addGroup(d, "Requests that are refused, "+plural(g.workers, "worker"), refuseNote, g, with(rateColumns, b.pacedOf(&g), storeColumns))
		case g.name == "others/1":
			b.addGroup(d, "Other proxies", othersNote, g, with(costColumns[2:], b.pacedOf(&g), rssColumns))
		case g.name == "mcp/call-1k":
			b.addGroup(d, "Calls of MCP's tools", mcpNote, g, costColumns)
		case g.name == "mcp/call-64k":
			b.addGroup(d, "Long calls of MCP's tools", longNote, g, with(costColumns[:1], costColumns[2:]))
		case g.name == "mcp/list":
			b.addGroup(d, "Lists of MCP's tools", listNote, g, costColumns)
		case g.name == "fleet":
			b.addGroup(d, "In a fleet", fleetNote, g, with(costColumns, b.pacedOf(&g), storeColumns))
		}
	}
}

// pacedOf are the columns of latencies, if the group has them.
func (b *bench) pacedOf(g *group) []column {
	if g.paced == 0 {
		return nil
	}
	return pacedColumns
}

// without leaves out the variants that a table is not about.
func (g group) without(not func(variant) bool) group {
	g.members = slices.DeleteFunc(slices.Clone(g.members), not)
	return g
}

// addGroup writes a table of variants.
func (b *bench) addGroup(d *document, title, note string, g group, columns []column) {
	head, names := []string{"variant"}, []string(nil)
	for _, c := range columns {
		head, names = append(head, c.head), append(names, c.of)
	}
	var rows [][]string
	for _, v := range g.members {
		if row := g.row(v.name); b.results.Has(row, colCPU) {
			rows = append(rows, append([]string{v.label}, b.cells(row, names...)...))
		}
	}
	d.section(title, note, head, rows)
}

// chartGroups are costs over bare.
func (b *bench) chartGroups() []report.Group {
	titles := map[string]string{
		"pass/1": "passing", "refuse/1": "refusing", "mcp/call-1k": "calling an MCP tool", "fleet": "passing, in a fleet",
	}
	var groups []report.Group
	for _, g := range b.groups() {
		group := report.Group{Title: titles[g.name] + ": µs per request over bare"}
		for _, v := range g.members {
			if row := g.row(v.name); b.results.Has(row, colOver) {
				group.Bars = append(group.Bars, report.Bar{
					Label: v.label, Summary: b.results.Get(row, colOver), Ours: strings.HasPrefix(v.label, "Gatewarden"),
				})
			}
		}
		if titles[g.name] != "" && len(group.Bars) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}
