package model

import (
	"errors"
	"slices"
	"time"
)

// Shrink drops steps for as long as the rest still shows a difference: halves
// first, then smaller parts, then single requests, with and without those under
// way within them. Then it drops what of the setup does not matter. It stops at
// the limit with what it has.
func Shrink(s Script, limit time.Duration) Script {
	deadline := time.Now().Add(limit)
	try := func(next Script) bool {
		shorter := time.Now().Before(deadline) && differs(&next)
		if shorter {
			s = next
		}
		return shorter
	}
	for size := max(len(s.Steps)/2, 1); size > 1; size /= 2 {
		for at := 0; at+size <= len(s.Steps); {
			if !try(without(&s, at, size)) {
				at += size
			}
		}
	}
	for again := true; again; {
		again = false
		for at := 0; at < count(s.Steps); {
			if try(dropped(&s, at, false)) || try(dropped(&s, at, true)) {
				again = true
			} else {
				at++
			}
		}
	}
	for i := len(s.Setup.Surfaces) - 1; i >= 0; i-- {
		for _, simpler := range simplifications {
			try(simplified(&s, i, simpler))
		}
	}
	for i := len(s.Setup.Quotas) - 1; i >= 0; i-- {
		try(withoutRule(s, s.Setup.Quotas[i].Name))
	}
	return s
}

// withoutRule is the script without one of its quotas.
func withoutRule(s Script, name string) Script {
	s.Setup.Quotas, s.Steps = lessRule(s.Setup.Quotas, name), slices.Clone(s.Steps)
	for i := range s.Steps {
		s.Steps[i].Rules = lessRule(s.Steps[i].Rules, name)
	}
	return s
}

func lessRule(rules []Quota, name string) []Quota {
	is := func(other string) bool { return other == name }
	rules = slices.DeleteFunc(slices.Clone(rules), func(q Quota) bool { return is(q.Name) })
	for i := range rules {
		if q := &rules[i]; slices.ContainsFunc(q.Overrides, is) {
			q.Overrides = slices.DeleteFunc(slices.Clone(q.Overrides), is)
		}
	}
	return rules
}

// simplifications take away from a surface what may not matter.
var simplifications = []func(*Lockout){
	func(l *Lockout) { *l = Lockout{Mode: off} },
	func(l *Lockout) { l.Pending = 0 },
	func(l *Lockout) { l.Jitter = 0 },
	func(l *Lockout) { l.KnownFor = 0 },
	func(l *Lockout) { l.WideFailures = 0 },
	func(l *Lockout) { l.Keys = nil },
	func(l *Lockout) { l.Keys = l.Keys[:min(1, len(l.Keys))] },
	func(l *Lockout) { l.Keys = l.Keys[min(1, len(l.Keys)):] },
	func(l *Lockout) { l.Stuffing = Distinct{} },
	func(l *Lockout) { l.Spraying = Distinct{} },
	func(l *Lockout) { l.AccountFields = nil },
	func(l *Lockout) { l.Factor = 0 },
	func(l *Lockout) { l.Duration = 0 },
	func(l *Lockout) { l.Reset = false },
	func(l *Lockout) { l.Repeats = "" },
	func(l *Lockout) { l.FailuresWhen = l.FailuresWhen[:min(1, len(l.FailuresWhen))] },
	func(l *Lockout) { l.SucceededWhen = nil },
	func(l *Lockout) { l.CountAnonymous = false },
}

func simplified(s *Script, surface int, simpler func(*Lockout)) Script {
	next := *s
	next.Setup.Surfaces = slices.Clone(s.Setup.Surfaces)
	simpler(&next.Setup.Surfaces[surface].Lockout)
	return next
}

func dropped(s *Script, at int, keep bool) Script {
	next := *s
	next.Steps = drop(s.Steps, &at, keep)
	return next
}

// without is the script with size steps fewer. The time that they would have
// taken passes all the same.
func without(s *Script, at, size int) Script {
	next := *s
	next.Steps = slices.Delete(slices.Clone(s.Steps), at, at+size)
	if at < len(next.Steps) {
		for i := at; i < at+size; i++ {
			next.Steps[at].Advance += total(s.Steps[i : i+1])
		}
	}
	return next
}

// drop is steps without the n-th request, counted as they are sent, and without
// those under way within it unless they are to be kept. n is less those that
// were passed, and negative when it is done.
func drop(steps []Step, n *int, keep bool) []Step {
	steps = slices.Clone(steps)
	for i := range steps {
		if *n == 0 {
			*n = -1
			return dropAt(steps, i, keep)
		}
		*n--
		if *n >= 0 {
			steps[i].Meanwhile = drop(steps[i].Meanwhile, n, keep)
		}
		if *n < 0 {
			return steps
		}
	}
	return steps
}

// dropAt lets the time that a step takes pass all the same.
func dropAt(steps []Step, i int, keep bool) []Step {
	took := total(steps[i : i+1])
	var kept []Step
	if keep {
		kept = slices.Clone(steps[i].Meanwhile)
		took = steps[i].Advance
	}
	steps = slices.Replace(steps, i, i+1, kept...)
	if i < len(steps) {
		steps[i].Advance += took
	}
	return steps
}

// total is how far the clock moves in steps, those within them counted.
func total(steps []Step) (sum time.Duration) {
	for i := range steps {
		sum += steps[i].Advance + total(steps[i].Meanwhile)
	}
	return sum
}

func count(steps []Step) int {
	n := len(steps)
	for i := range steps {
		n += count(steps[i].Meanwhile)
	}
	return n
}

func differs(s *Script) bool {
	var different *Difference
	_, err := Compare(s)
	return errors.As(err, &different)
}
