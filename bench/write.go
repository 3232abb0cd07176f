package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// chartFile is the chart's name beside the document.
func chartFile(document string) string {
	return strings.TrimSuffix(document, filepath.Ext(document)) + ".svg"
}

// write returns the document and its chart. Sections without figures are left
// out, so that a part of the measurements can be looked at alone.
func (b *bench) write(took time.Duration) (text, chart string) {
	var d document
	d.add("# Benchmarks\n")
	d.add("What Gatewarden costs, beside what one would otherwise take. Written by `make bench`: one run of %v with %s; each variant starts anew in each round. Figures are medians, with lowest and highest in parentheses; CPU is that of the proxy alone.\n",
		took.Round(time.Second), plural(b.rounds, "round"))
	if b.quick {
		d.add("**A smoke run: it shows that everything works. Its figures mean nothing.**\n")
	}
	if b.out != "" && b.results.Has(rowOf("pass/bare", 1), colFullCPU) {
		d.add("![CPU per request](%s)\n", filepath.Base(chartFile(b.out)))
	}
	d.section("Targets", "", []string{"what", "target", "measured", ""}, b.targets())
	d.section("Against the other build, in pairs", "", []string{"variant", "CPU per request, times", "requests/s at saturation, times"}, b.againstRows())
	for _, workers := range []int{1, 2} {
		d.section("Requests that pass, "+plural(workers, "worker"), passNote, b.mainHead(), b.mainRows("pass/", workers))
		d.section("Requests that are refused, "+plural(workers, "worker"), refuseNote, b.mainHead(), b.mainRows("refuse/", workers))
	}
	b.addQuotas(&d)
	b.addMCP(&d)
	b.addGrowth(&d)
	b.addSimulation(&d)
	d.section("Allocations and host calls", nativeNote, []string{"request", "allocations", "host calls"}, b.nativeRows())
	d.section("How it was measured", method(), []string{"machine", ""},
		append(b.tools.machine(), []string{"load average before", b.busy}))
	for _, missing := range b.tools.missing {
		d.add("Left out: %s.\n", missing)
	}
	return d.String(), report.Chart("What a request costs (one worker)", b.chartGroups())
}

// document is Markdown in the making.
type document struct{ strings.Builder }

// add writes a line; a Builder never fails.
func (d *document) add(format string, args ...any) { _, _ = fmt.Fprintf(d, format+"\n", args...) }

func (d *document) section(title, note string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	d.add("## %s\n", title)
	if note != "" {
		d.add("%s\n", note)
	}
	d.add("%s", report.Table(head, rows))
}

func plural(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func (b *bench) mainHead() []string {
	return []string{
		"variant", "CPU µs/request at " + strconv.Itoa(int(steady.Rate)) + "/s", "p50 µs", "p99 µs",
		"requests/s at saturation", "CPU µs/request there", "workers busy %", "RSS MB", "ready after ms",
	}
}

func (b *bench) mainRows(prefix string, workers int) [][]string {
	var rows [][]string
	for _, v := range b.variants() {
		row := rowOf(v.name, workers)
		if !strings.HasPrefix(v.name, prefix) || !b.results.Has(row, colCPU) {
			continue
		}
		cells := append([]string{v.label}, b.cells(row, colCPU, colP50, colP99, colRate, colFullCPU)...)
		cells = append(cells, fmt.Sprintf("%.0f", 100*b.results.Get(row, colBusy).Median))
		cells = append(cells, b.cells(row, colRSS, colStart)...)
		if strings.HasPrefix(prefix, "quota/") {
			cells = append(cells, b.cells(row, colStoreCPU, colFullStoreCPU, colStoreRSS)...)
		}
		rows = append(rows, cells)
	}
	return rows
}

func (b *bench) nativeRows() [][]string {
	var rows [][]string
	for _, n := range b.native {
		rows = append(rows, []string{n.Name, report.Number(n.Allocations), report.Number(n.Calls)})
	}
	return rows
}

func (b *bench) chartGroups() []report.Group {
	var groups []report.Group
	for _, g := range []struct{ title, prefix string }{
		{"passing: CPU of the proxy, µs per request at saturation", "pass/"},
		{"refusing: CPU of the proxy, µs per request at saturation", "refuse/"},
		{"passing, counted by so many quotas: CPU of the proxy, µs per request at saturation", "quota/pass/"},
	} {
		group := report.Group{Title: g.title}
		for _, v := range b.variants() {
			if row := rowOf(v.name, 1); strings.HasPrefix(v.name, g.prefix) && b.results.Has(row, colFullCPU) {
				group.Bars = append(group.Bars, report.Bar{
					Label:   strings.TrimPrefix(v.name, g.prefix),
					Summary: b.results.Get(row, colFullCPU),
					Ours:    strings.Contains(v.name, "gatewarden"),
				})
			}
		}
		if len(group.Bars) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}
