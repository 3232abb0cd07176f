package config

import (
	"strconv"
	"strings"
)

// maxViolations bounds what a broken configuration can write to the log.
const maxViolations = 100

// Violation is one mistake in a configuration.
type Violation struct {
	// Path leads to the mistake: surfaces[2].lockout.window.
	Path string
	// Message says what is wrong and what would be right.
	Message string
}

// Error is every mistake that a configuration has.
type Error struct {
	Violations []Violation
	// More counts the violations that were left out of Violations.
	More int
}

// Error has one line for each violation.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Violations)+1)
	for _, v := range e.Violations {
		lines = append(lines, v.Path+": "+v.Message)
	}
	if e.More > 0 {
		lines = append(lines, "and "+strconv.Itoa(e.More)+" more")
	}
	return strings.Join(lines, "\n")
}

// violations collects what is wrong with a configuration.
type violations struct {
	Error
}

func (r *violations) add(path, message string) {
	if len(r.Violations) == maxViolations {
		r.More++
		return
	}
	r.Violations = append(r.Violations, Violation{path, message})
}

func (r *violations) count() int {
	return len(r.Violations) + r.More
}

// err is nil when nothing was reported.
func (r *violations) err() error {
	if len(r.Violations) == 0 {
		return nil
	}
	return &r.Error
}

// elementPath is the path of a key below the i-th element of a list, or, without a
// key, of the element itself.
func elementPath(list string, i int, key string) string {
	path := list + "[" + strconv.Itoa(i) + "]"
	if key == "" {
		return path
	}
	return path + "." + key
}

// checkRuleName reports that the last of the rules' names is that of one before. One
// that could not be read is empty.
func checkRuleName(names []string, path func(i int, key string) string, out *violations) {
	last := len(names) - 1
	if first := indexOf(names, names[last]); first < last && names[last] != "" {
		out.add(path(last, "name"), strconv.Quote(names[last])+" is the name of "+path(first, "")+"; choose another")
	}
}
