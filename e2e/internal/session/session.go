// Package session reads what a console block of a page shows, and compares it with
// what its commands really write.
package session

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// Step is a command and what it writes.
type Step struct {
	// Command may have several lines: those that end in a backslash go on.
	Command string
	// Output is what stands below it, with its last line break.
	Output string
}

// Omission is a line that stands for any number of lines of the output.
const Omission = "..."

const prompt = "$ "

// Parse reads a console block: each command behind a dollar sign.
func Parse(block string) ([]Step, error) {
	var steps []Step
	goesOn := false
	for line := range strings.Lines(block) {
		text := strings.TrimSuffix(line, "\n")
		switch command, begins := strings.CutPrefix(text, prompt); {
		case begins:
			steps = append(steps, Step{Command: command})
		case len(steps) == 0:
			return nil, errors.New("the block does not begin with a command: \"$ \"")
		case goesOn:
			steps[len(steps)-1].Command += "\n" + text
		default:
			steps[len(steps)-1].Output += text + "\n"
		}
		goesOn = strings.HasSuffix(text, `\`) && (goesOn || strings.HasPrefix(text, prompt))
	}
	if len(steps) == 0 {
		return nil, errors.New("the block is empty")
	}
	return steps, nil
}

// Format is the console block of steps.
func Format(steps []Step) string {
	var block strings.Builder
	for _, s := range steps {
		block.WriteString(prompt + s.Command + "\n" + s.Output)
	}
	return block.String()
}

// variable are the parts of an output that differ from one time to the next, each
// with what is compared in their place.
var variable = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	// Seconds left.
	{regexp.MustCompile(`(?i)(retry-after: |reset: |;t=|again in |retry_after=|locked_for=|retryAfter":|seconds_left":\s?|reset_seconds":)\d+`), "${1}N"},
	// Times of day and dates.
	{regexp.MustCompile(`(?i)(date: ).*`), "${1}D"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?`), "T"},
	// How long something took, and what depends on the digits of the above.
	{regexp.MustCompile(`(?i)(upstream-service-time: |duration_ms":|content-length: )\d+`), "${1}N"},
	// Tokens and hashes made up at each start.
	{regexp.MustCompile(`\b[0-9a-f]{12,}\b`), "X"},
}

// Same is a text with its variable parts, line ends and empty lines made alike.
func Same(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \t\r\n"); line == "" {
			continue
		}
		for _, v := range variable {
			line = v.pattern.ReplaceAllString(line, v.stands)
		}
		lines = append(lines, line)
	}
	return lines
}

// Matches tells whether got is what a page shows, which may leave lines out.
func Matches(shown, got string) bool {
	want, have := Same(shown), Same(got)
	first := true
	for {
		piece, rest, more := cut(want)
		at := find(have, piece, first, !more)
		if at < 0 {
			return false
		}
		if !more {
			return true
		}
		have, want, first = have[at+len(piece):], rest, false
	}
}

// cut divides lines at the first omission.
func cut(lines []string) (piece, rest []string, more bool) {
	for i, line := range lines {
		if line == Omission {
			return lines[:i], lines[i+1:], true
		}
	}
	return lines, nil, false
}

// find returns the position of piece in lines: at the beginning, at the end, or at the
// first possible place. It returns -1 if piece is not there.
func find(lines, piece []string, atBegin, atEnd bool) int {
	for at := 0; at+len(piece) <= len(lines); at++ {
		if atBegin && at > 0 {
			break
		}
		if atEnd && at+len(piece) != len(lines) {
			continue
		}
		if slices.Equal(lines[at:at+len(piece)], piece) {
			return at
		}
	}
	return -1
}
