package config

import (
	"strconv"
	"strings"
)

// maxViolations limits what an invalid configuration can write to the log.
const maxViolations = 100

// Violation is one mistake in a configuration.
type Violation struct {
	// Path of the mistake, for example surfaces[2].lockout.window.
	Path string
	// Message says what is wrong and how to repair it.
	Message string
}

// Error lists the mistakes of a configuration.
type Error struct {
	Violations []Violation
	// More is the number of violations beyond those that Violations holds.
	More int
}

// Error returns a line for each violation.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Violations)+1)
	for i := range e.Violations {
		v := &e.Violations[i]
		lines = append(lines, v.Path+": "+v.Message)
	}
	if e.More > 0 {
		lines = append(lines, "and "+strconv.Itoa(e.More)+" more")
	}
	return strings.Join(lines, "\n")
}

// violations collects the mistakes of a configuration.
type violations struct {
	Error
}

// add adds a violation. message is written out with args, as fill does.
func (r *violations) add(at location, message string, args ...string) {
	if len(r.Violations) == maxViolations {
		r.More++
		return
	}
	r.Violations = append(r.Violations, Violation{at.String(), fill(message, args)})
}

// unknown adds that a name is none of those that are known. what they name is a surface, a
// rule or a quota.
func (r *violations) unknown(at location, name string, known []string, what string) {
	r.add(at, "%q is not a %s; %s", name, what, choices(name, known, what+"s"))
}

func (r *violations) count() int {
	return len(r.Violations) + r.More
}

// err returns nil if there are no violations.
func (r *violations) err() error {
	if len(r.Violations) == 0 {
		return nil
	}
	return &r.Error
}

// location is where a violation is: a key of an element of a list, or the element itself
// if key is empty. Without a list, key is the whole path. It becomes a text only when a
// violation is written.
type location struct {
	list  string
	index int
	key   string
}

func at(path string) location { return location{key: path} }

func (l location) String() string {
	switch {
	case l.list == "":
		return l.key
	case l.key == "":
		return element(l.list, l.index)
	}
	return element(l.list, l.index) + "." + l.key
}

// element returns the path of an element of a list.
func element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// checkRuleName reports that the last of the names is the same as an earlier one.
// An unreadable name is empty, and equals no other.
func checkRuleName(names []string, path func(i int, key string) location, out *violations) {
	last := len(names) - 1
	if first := indexOf(names, names[last]); first < last && names[last] != "" {
		out.add(path(last, "name"), "%q is the name of %s; choose another", names[last], path(first, "").String())
	}
}
