package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// chartFile is the chart's name beside the document.
func chartFile(document string) string {
	return strings.TrimSuffix(document, filepath.Ext(document)) + ".svg"
}

// write returns the document and its chart. Sections without figures are left
// out, so that a part of the measurements can be looked at alone.
func (b *bench) write() (text, chart string) {
	var d document
	d.add("# Benchmarks\n")
	d.add("What Gatewarden costs, beside what one would otherwise take. Written by `make bench`. Figures are medians, with lowest and highest in parentheses. \"Over bare\" is the CPU that the Envoy process takes for a request, less what Envoy alone takes for the same request, measured in turn with it.\n")
	if slices.ContainsFunc(mapped(b.measured), func(m measured) bool { return m.Quick }) {
		d.add("**A smoke run: it shows that everything works. Its figures mean nothing.**\n")
	}
	if b.out != "" && b.results.Has("pass/1/"+bare, colCPU) {
		d.add("![CPU over bare](%s)\n", filepath.Base(chartFile(b.out)))
	}
	d.section("Targets", targetsNote, []string{"what", "target", "measured", ""}, b.targets())
	b.addGroups(&d)
	b.addGrowth(&d)
	d.section("Start and memory", readyNote, []string{"variant", "module kB", "ready after ms", "RSS MB then"}, b.readyRows())
	d.section("Over time", soakNote, []string{"variant", "requests", "RSS MB at the start", "after a half", "at the end", "highest"}, b.soakRows())
	b.addSimulation(&d)
	b.addSizes(&d)
	d.section("Allocations and host calls", nativeNote, []string{"request", "allocations", "host calls"}, b.nativeRows())
	d.section("How it was measured", method(), []string{"machine", ""}, b.machine)
	d.table([]string{"part", "measured (UTC)", "how", "took", "load average before", "commit"}, b.partRows())
	for _, missing := range b.tools.missing {
		d.add("Left out: %s.\n", missing)
	}
	return d.String(), report.Chart("CPU of the Envoy process over bare Envoy (one worker)", b.chartGroups())
}

func mapped(m map[string]measured) []measured {
	var all []measured
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// partRows are when and how each part was measured.
func (b *bench) partRows() [][]string {
	var names []string
	for name := range b.measured {
		names = append(names, name)
	}
	slices.Sort(names)
	var rows [][]string
	for _, name := range names {
		m := b.measured[name]
		rows = append(rows, []string{name, m.At, m.About, m.Took, m.Busy, m.Commit})
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

func (b *bench) readyRows() [][]string {
	var rows [][]string
	for _, v := range b.starting() {
		if row := readyRow(v.name); b.results.Has(row, colStart) {
			rows = append(rows, append([]string{v.label}, b.cells(row, colSize, colStart, colRSS)...))
		}
	}
	return rows
}

func (b *bench) soakRows() [][]string {
	var rows [][]string
	for _, c := range b.compilers {
		row := "soak/" + c
		if v := b.results.Values(row, colSoak); b.results.Has(row, colSoaked) {
			rows = append(rows, []string{
				"Gatewarden, " + compilerName(c), grouped(int(b.results.Get(row, colSoaked).Median)), report.Number(v[0]),
				report.Number(v[len(v)/2]), report.Number(last(v)), report.Number(b.results.Get(row, colSoak).Max),
			})
		}
	}
	return rows
}

func (b *bench) cells(row string, columns ...string) []string {
	var cells []string
	for _, column := range columns {
		cells = append(cells, b.results.Get(row, column).String())
	}
	return cells
}

func plural(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// atoi reads a number that this program wrote; what is none is 0.
func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
