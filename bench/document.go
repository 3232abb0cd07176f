package main

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

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
	d.table(head, rows)
}

func (d *document) table(head []string, rows [][]string) {
	if len(rows) > 0 {
		d.add("%s", report.Table(head, rows))
	}
}
