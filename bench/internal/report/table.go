package report

import (
	"fmt"
	"strings"
)

// Table writes a Markdown table.
func Table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
		if i > 0 {
			rule[i] += ":"
		}
	}
	b.WriteString("|" + strings.Join(rule, "|") + "|\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}
