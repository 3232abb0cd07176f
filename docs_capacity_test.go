package main

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// What docs/operating.md says that a table takes is what one takes.
func TestCapacityOfTables(t *testing.T) {
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| ([\d.]+ MB) \|$`).FindAllStringSubmatch(read(t, "docs/operating.md"), -1)
	if len(rows) < 3 {
		t.Fatalf("%d rows: the test looks for the wrong thing", len(rows))
	}
	for _, row := range rows {
		counters, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		most := float64(table.New(nil, table.Seed{}, counters).MaxBytes()) / 1e6
		if want := strconv.FormatFloat(most, 'f', digits(most), 64) + " MB"; want != row[2] {
			t.Errorf("a table for %d takes %s, docs/operating.md says %s", counters, want, row[2])
		}
	}
}

// digits keeps two figures of what is below 1.
func digits(megabytes float64) int {
	if megabytes < 1 {
		return 2
	}
	return 1
}
