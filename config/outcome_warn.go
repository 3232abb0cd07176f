package config

import (
	"slices"
)

// warnConditions warns of conditions that can have no effect, and of those that make a
// failure of every response.
func (s *Surface) warnConditions(i int, warn *warnings) {
	l := &s.Lockout
	failures := func(j int) string { return element("lockout.failures_when", j) }
	successes := func(j int) string { return element("lockout.succeeded_when", j) }
	for j := range l.FailuresWhen {
		l.FailuresWhen[j].warn(surfacePath(i, failures(j)), warn)
		warnCovered(l.FailuresWhen[:j], &l.FailuresWhen[j], surfacePath(i, failures(j)), failures, warn)
	}
	for j := range l.SucceededWhen {
		l.SucceededWhen[j].warn(surfacePath(i, successes(j)), warn)
		warnCovered(l.SucceededWhen[:j], &l.SucceededWhen[j], surfacePath(i, successes(j)), successes, warn)
		l.warnOverlap(&l.SucceededWhen[j], surfacePath(i, successes(j)), failures, warn)
	}
	s.warnEverything(i, warn)
}

// warn warns of a body that the responses do not have.
func (c *Condition) warn(path location, warn *warnings) {
	if len(c.JSON.Path) == 0 {
		return
	}
	for status := 200; status < 500; status++ {
		if c.HasStatus(status) && status != 204 && status != 205 && status != 304 {
			return
		}
	}
	path.key += ".json"
	warn.add(path, "never sees a body, because responses with these statuses have none; remove it, or write other statuses")
}

// warnCovered warns of a condition that an earlier one of its list makes needless.
func warnCovered(earlier []Condition, c *Condition, path location, name func(int) string, warn *warnings) {
	for j := range earlier {
		if earlier[j].covers(c) {
			warn.add(path, "adds nothing to %s, which holds whenever it does; remove one of them", name(j))
			return
		}
	}
}

// warnOverlap warns of a success that is a failure.
func (l *Lockout) warnOverlap(c *Condition, path location, name func(int) string, warn *warnings) {
	for j := range l.FailuresWhen {
		f := &l.FailuresWhen[j]
		if f.covers(c) || !f.tells() && f.meets(c) {
			warn.add(path, "overlaps with %s, which comes first, so that a response that matches both is a failure; narrow one of them", name(j))
			return
		}
	}
}

// warnEverything warns of a list that leaves no success.
func (s *Surface) warnEverything(i int, warn *warnings) {
	l := &s.Lockout
	switch {
	case l.failsAt(299) && l.failsAt(399) && l.failsAt(499):
		warn.add(surfacePath(i, "lockout.failures_when"), "makes every response a failure; add a header or json to a condition, or remove statuses from it")
	case s.Kind.IsResource() && l.failsAt(200):
		warn.add(surfacePath(i, "lockout.failures_when"), "makes every response with status 200 a failure, so that "+
			"clients with a valid credential are locked out; add a header or json to the condition")
	}
}

// failsAt tells whether all responses with a status are failures.
func (l *Lockout) failsAt(status int) bool {
	for i := range l.FailuresWhen {
		if c := &l.FailuresWhen[i]; !c.tells() && c.HasStatus(status) {
			return true
		}
	}
	return false
}

// covers tells whether the condition holds whenever the other one does, as far as their
// parts are equal.
func (c *Condition) covers(other *Condition) bool {
	if c.Header.Name != "" && c.Header != other.Header || len(c.JSON.Path) > 0 && !c.JSON.covers(&other.JSON) {
		return false
	}
	for status := 200; status < 500; status++ {
		if other.HasStatus(status) && !c.HasStatus(status) {
			return false
		}
	}
	return true
}

func (j *JSONCondition) covers(other *JSONCondition) bool {
	if !slices.Equal(j.Path, other.Path) {
		return false
	}
	for i := range other.Values {
		if !j.has(other.Values[i]) {
			return false
		}
	}
	return true
}

// meets tells whether both conditions are for one status.
func (c *Condition) meets(other *Condition) bool {
	for status := 200; status < 500; status++ {
		if other.HasStatus(status) && c.HasStatus(status) {
			return true
		}
	}
	return false
}
