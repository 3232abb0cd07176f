package model

import (
	"errors"
	"slices"
	"time"
)

// Shrink drops steps for as long as the rest still shows a difference: halves
// first, then smaller parts, then single requests, those under way within others
// as well. It stops at the limit with what it has.
func Shrink(s Script, limit time.Duration) Script {
	deadline := time.Now().Add(limit)
	inTime := func() bool { return time.Now().Before(deadline) }
	for size := max(len(s.Steps)/2, 1); size > 1 && inTime(); size /= 2 {
		for at := 0; at+size <= len(s.Steps) && inTime(); {
			if next := without(&s, at, size); differs(&next) {
				s = next
			} else {
				at += size
			}
		}
	}
	for again := true; again && inTime(); {
		again = false
		for at := 0; at < count(s.Steps) && inTime(); {
			next := s
			n := at
			next.Steps = drop(s.Steps, &n)
			if differs(&next) {
				s, again = next, true
			} else {
				at++
			}
		}
	}
	return s
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

// drop is steps without the n-th request, counted as they are sent. n is less
// those that were passed, and negative when it is done.
func drop(steps []Step, n *int) []Step {
	steps = slices.Clone(steps)
	for i := range steps {
		if *n == 0 {
			*n = -1
			took := total(steps[i : i+1])
			steps = slices.Delete(steps, i, i+1)
			if i < len(steps) {
				steps[i].Advance += took
			}
			return steps
		}
		*n--
		if *n >= 0 {
			steps[i].Meanwhile = drop(steps[i].Meanwhile, n)
		}
		if *n < 0 {
			return steps
		}
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
