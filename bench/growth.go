package main

import (
	"fmt"
	"strconv"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// addGrowth writes how cost and memory grow.
func (b *bench) addGrowth(d *document) {
	d.section("With the number of clients", clientsNote,
		[]string{"variant", "clients", "CPU µs/request", "p99 µs", "RSS growth MB"}, b.clientRows())
	d.section("With the number of surfaces", surfacesNote,
		[]string{"variant", "surfaces", "CPU µs/request", "p99 µs"}, b.surfaceRows())
	d.section("With the size of the headers", "", []string{"variant", "further headers", "CPU µs/request", "p99 µs"}, b.headerRows())
	d.section("Over time", soakNote, []string{"variant", "requests", "RSS MB at the start", "after a half", "at the end", "highest"}, b.soakRows())
}

func (b *bench) clientRows() [][]string {
	names := []string{"bare", "local_ratelimit", "lua"}
	for _, c := range b.compilers {
		names = append(names, "gatewarden-"+c)
	}
	var rows [][]string
	for _, name := range names {
		for _, n := range clientCounts {
			if row := clientRow(name, n); b.results.Has(row, colFullCPU) {
				rows = append(rows, append([]string{name, strconv.Itoa(n)}, b.cells(row, colFullCPU, colP99, colGrowth)...))
			}
		}
	}
	return rows
}

func (b *bench) surfaceRows() [][]string {
	var rows [][]string
	for _, c := range b.compilers {
		for _, n := range surfaceCounts {
			if row := surfaceRow(c, n); b.results.Has(row, colCPU) {
				rows = append(rows, append([]string{"gatewarden-" + c, strconv.Itoa(n)}, b.cells(row, colCPU, colP99)...))
			}
		}
	}
	return rows
}

func (b *bench) headerRows() [][]string {
	names := []string{"bare"}
	for _, c := range b.compilers {
		names = append(names, "hostcalls-"+c, "gatewarden-"+c)
	}
	var rows [][]string
	for _, name := range names {
		for _, size := range headerSizes {
			if row := headerRow(name, size); b.results.Has(row, colCPU) {
				rows = append(rows, append([]string{name, fmt.Sprintf("%d KB", size>>10)}, b.cells(row, colCPU, colP99)...))
			}
		}
	}
	return rows
}

func (b *bench) soakRows() [][]string {
	var rows [][]string
	for _, c := range b.compilers {
		if v := b.results.Values("soak/"+c, colSoak); len(v) > 0 {
			rows = append(rows, []string{
				"gatewarden-" + c, strconv.FormatInt(b.soak, 10), report.Number(v[0]),
				report.Number(v[len(v)/2]), report.Number(last(v)), report.Number(b.results.Get("soak/"+c, colSoak).Max),
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
