package add

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
)

// Count is the number of notes and findings of a severity.
func (r *Result) Count(severity check.Severity) int {
	n := 0
	for _, note := range r.Notes {
		if note.Severity == severity {
			n++
		}
	}
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// WriteText writes what was done and what is left to decide. A note about several places
// is written once, with all their lines.
func (r *Result) WriteText(out io.Writer, file string) error {
	var order []said
	lines := map[said][]int{}
	say := func(in string, line int, text string) {
		if in == "" {
			in = file
		}
		what := said{in, text}
		if _, known := lines[what]; !known {
			order, lines[what] = append(order, what), nil
		}
		if line > 0 && !slices.Contains(lines[what], line) {
			lines[what] = append(lines[what], line)
		}
	}
	r.sayDone(say)
	r.sayOpen(say)
	if !r.Added {
		say("", 0, "nothing was added: the file has everything already")
	}
	for _, what := range order {
		if _, err := fmt.Fprintf(out, "%s: %s\n", place(what.file, lines[what]), what.text); err != nil {
			return err
		}
	}
	return nil
}

// said is one message about a file.
type said struct{ file, text string }

func place(file string, lines []int) string {
	slices.Sort(lines)
	var b strings.Builder
	b.WriteString(check.Printable(file))
	for i, line := range lines {
		b.WriteString([]string{":", ","}[min(i, 1)] + strconv.Itoa(line))
	}
	return b.String()
}

// sayDone writes the notes that leave nothing to decide.
func (r *Result) sayDone(say func(file string, line int, text string)) {
	for _, n := range r.Notes {
		if n.Severity != "" {
			continue
		}
		text := n.Text
		if n.Where != "" {
			text = "listener " + n.Where + " " + n.Text
		}
		say("", n.Line, check.Printable(text)+choices(n))
	}
}

func choices(n Note) string {
	var b strings.Builder
	for _, c := range n.Choices {
		b.WriteString("\n    if " + check.Printable(c.When) + ":")
		for _, line := range c.Write {
			b.WriteString("\n      " + check.Printable(line))
		}
	}
	return b.String()
}

// sayOpen writes what is left to decide, errors first.
func (r *Result) sayOpen(say func(file string, line int, text string)) {
	for _, severity := range []check.Severity{check.Error, check.Warning} {
		for _, n := range r.Notes {
			if n.Severity == severity {
				say("", n.Line, string(severity)+": "+check.Printable(n.Text)+choices(n))
			}
		}
		for _, f := range r.Findings {
			if f.Severity == severity {
				say(f.File, f.Line, fmt.Sprintf("%s: %s\n    why: %s\n    do:  %s", severity,
					check.Printable(f.Path+": "+f.Message), check.Printable(f.Why), check.Printable(f.Remedy)))
			}
		}
	}
}
