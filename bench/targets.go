package main

import (
	"fmt"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// The targets: what a request may cost, and what memory may do.
const (
	mostOverRaw     = 1.15 // times the four raw host calls by the same compiler
	leastRefusing   = 0.6  // of the rate of a bare direct response
	mostAllocations = 0.0  // per passing request, beside the host's results
	mostSoak        = 1.0  // MB, which is noise: RSS moves by as much with no load
	mostGrowth      = 2.0  // MB over the table's stated size
)

// target is one row: a promise and what became of it.
type target struct {
	what, wanted, measured string
	met                    bool
}

func (t target) row() []string {
	verdict := "missed"
	if t.met {
		verdict = "met"
	}
	return []string{t.what, t.wanted, t.measured, verdict}
}

// targets are those for which there are figures.
func (b *bench) targets() [][]string {
	var found []target
	for _, c := range b.compilers {
		found = append(found, b.timeTargets(c)...)
		found = append(found, b.memoryTargets(c)...)
	}
	for _, n := range b.native {
		if n.Status == "200" && n.Failures == 0 && n.Quotas == 0 && n.Path == "/api/v1/items" {
			found = append(found, target{
				"allocations of the filter for a passing request", "0", report.Number(n.Allocations), n.Allocations <= mostAllocations,
			})
		}
	}
	var rows [][]string
	for _, t := range found {
		rows = append(rows, t.row())
	}
	return rows
}

// timeTargets are measured in pairs: see pairs.go.
func (b *bench) timeTargets(compiler string) []target {
	var found []target
	if passing := b.results.Get("pair/pass/"+compiler, colPairCPU); passing.N > 0 {
		found = append(found, target{
			"CPU of a passing request against the four raw host calls, " + compilerName(compiler),
			fmt.Sprintf("≤ %.2f", mostOverRaw), passing.String(), passing.Median <= mostOverRaw,
		})
	}
	if refusing := b.results.Get("pair/refuse/"+compiler, colPairRate); refusing.N > 0 {
		found = append(found, target{
			"rate of refusals against a bare direct response, " + compilerName(compiler),
			fmt.Sprintf("≥ %.1f", leastRefusing), refusing.String(), refusing.Median >= leastRefusing,
		})
	}
	return found
}

func (b *bench) memoryTargets(compiler string) []target {
	var found []target
	if samples := b.results.Values("soak/"+compiler, colSoak); len(samples) > 0 {
		g := grown(samples)
		found = append(found, target{
			fmt.Sprintf("growth over the second half of %d requests, %s", b.soak, compilerName(compiler)),
			fmt.Sprintf("≤ %.0f MB", mostSoak), fmt.Sprintf("%.1f MB", g), g <= mostSoak,
		})
	}
	row := clientRow("gatewarden-"+compiler, clientCounts[len(clientCounts)-1])
	if b.results.Has(row, colGrowth) {
		growth, table := b.results.Get(row, colGrowth).Max, b.results.Get(row, colTable).Max
		found = append(found, target{
			"Envoy's growth under 1,000,000 addresses, " + compilerName(compiler),
			fmt.Sprintf("≤ %.1f MB (table %.1f + %.0f)", table+mostGrowth, table, mostGrowth),
			fmt.Sprintf("%.1f MB", growth), growth <= table+mostGrowth,
		})
	}
	return found
}
