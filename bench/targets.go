package main

import (
	"fmt"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// The targets: what a request may cost, and what memory may do. Those of time are in
// raw host calls, over bare: a machine on which these cost 35 µs is what µs are meant for.
const (
	rawMicros       = 35.0
	mostLockout     = 1.33
	mostXFF         = 1.25
	mostFirstQuota  = 20 / rawMicros // 0.57 more than the lockout alone
	mostEachQuota   = 5 / rawMicros  // 0.14 for each further one
	leastRefusing   = 0.7            // of the rate of the same answer as a direct response
	mostTinyGoSize  = 550.0          // kB
	mostGoSize      = 4500.0         // kB
	mostStart       = 400.0          // ms, with TinyGo's module
	mostAllocations = 0.0            // per passing request, beside the host's results
	mostSoak        = 1.0            // MB, which is noise: RSS moves by as much with no load
	mostGrowth      = 2.0            // MB over the table's stated size
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
	found := b.costTargets()
	for _, c := range b.compilers {
		found = append(found, b.refusingTargets(c)...)
	}
	found = append(found, b.moduleTargets()...)
	for _, c := range b.compilers {
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

// of is a promise about the median of a cell.
func (b *bench) of(row, column, what, wanted string, met func(median float64) bool) []target {
	if !b.results.Has(row, column) {
		return nil
	}
	measured := b.results.Get(row, column)
	return []target{{what, wanted, measured.String(), met(measured.Median)}}
}

// costTargets are for TinyGo's module.
func (b *bench) costTargets() []target {
	at := func(v string) string { return "pass/1/" + v + "-" + guests.TinyGo }
	most := func(limit float64) func(float64) bool { return func(v float64) bool { return v <= limit } }
	found := b.of(at(lockout), colRatio, "a passing request, lockout only, in raw host calls over bare", fmt.Sprintf("≤ %.2f", mostLockout), most(mostLockout))
	found = append(found, b.of(at(trustedXFF), colRatio, "the same with `client.source: \"xff\"`", fmt.Sprintf("≤ %.2f", mostXFF), most(mostXFF))...)
	found = append(found, b.moreThan(at(oneQuota), at(lockout), "one quota more than lockout only", 1, mostFirstQuota)...)
	found = append(found, b.moreThan(at(threeOne), at(oneQuota), "each further quota of one payer", 2, mostEachQuota)...)
	return append(found, b.moreThan(at(threeThree), at(oneQuota), "each further quota of another payer", 2, mostEachQuota)...)
}

// moreThan is a promise about the difference of two variants of a group, divided by what
// there is more of. The difference is of each round.
func (b *bench) moreThan(row, less, what string, n int, limit float64) []target {
	ratio, over := b.difference(row, less, colRatio, n), b.difference(row, less, colOver, n)
	if ratio.N == 0 {
		return nil
	}
	return []target{{
		what + ", in raw host calls (and in µs here)", fmt.Sprintf("≤ %.2f", limit),
		fmt.Sprintf("%s, %s µs", ratio, over), ratio.Median <= limit,
	}}
}

func (b *bench) difference(row, less, column string, n int) report.Summary {
	all := report.Results{}
	subtrahends := b.results.Values(less, column)
	for i, v := range b.results.Values(row, column) {
		if i < len(subtrahends) {
			all.Add("", "", (v-subtrahends[i])/float64(n))
		}
	}
	return all.Get("", "")
}

func (b *bench) refusingTargets(compiler string) []target {
	var found []target
	for _, does := range []string{lockout, oneQuota} {
		found = append(found, b.of("refuse/1/"+does+"-"+compiler, colShare,
			fmt.Sprintf("rate of refusals by %s, of the same answer as a direct response, %s", does, compilerName(compiler)),
			fmt.Sprintf("≥ %.1f", leastRefusing), func(v float64) bool { return v >= leastRefusing })...)
	}
	return found
}

func (b *bench) moduleTargets() []target {
	var found []target
	for _, c := range b.compilers {
		limit := map[string]float64{guests.TinyGo: mostTinyGoSize, guests.Go: mostGoSize}[c]
		found = append(found, b.of(readyRow(lockout+"-"+c), colSize, "module by "+compilerName(c)+", kB",
			fmt.Sprintf("< %.0f", limit), func(v float64) bool { return v < limit })...)
	}
	return append(found, b.of(readyRow(lockout+"-"+guests.TinyGo), colStart, "ready after, with TinyGo's module, ms",
		fmt.Sprintf("≤ %.0f", mostStart), func(v float64) bool { return v <= mostStart })...)
}

func (b *bench) memoryTargets(compiler string) []target {
	var found []target
	if row := "soak/" + compiler; b.results.Has(row, colSoaked) {
		g := grown(b.results.Values(row, colSoak))
		found = append(found, target{
			fmt.Sprintf("growth over the second half of %s requests, %s", grouped(int(b.results.Get(row, colSoaked).Median)), compilerName(compiler)),
			fmt.Sprintf("≤ %.0f MB", mostSoak), fmt.Sprintf("%.1f MB", g), g <= mostSoak,
		})
	}
	row := fmt.Sprintf("growth/clients/gatewarden-%s/%d", compiler, last(clientCounts))
	if b.results.Has(row, colGrowth) {
		growth, table := max(b.results.Get(row, colGrowth).Max, b.results.Get(row, colRSSGrowth).Max), b.results.Get(row, colFormula).Max
		found = append(found, target{
			"Envoy's growth under 1,000,000 addresses, " + compilerName(compiler),
			fmt.Sprintf("≤ %.1f MB (table %.1f + %.0f)", table+mostGrowth, table, mostGrowth),
			fmt.Sprintf("%.1f MB", growth), growth <= table+mostGrowth,
		})
	}
	return found
}
