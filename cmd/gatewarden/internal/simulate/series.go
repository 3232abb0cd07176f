package simulate

import (
	"time"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
)

// maxSteps is how many steps a series has; then each becomes twice as long.
const maxSteps = 240

// series counts over time.
type series struct {
	from, step int64 // milliseconds
	steps      []point
}

type point struct{ requests, failures, refused int64 }

// newSeries returns one that begins with a time.
func newSeries(from int64) series {
	const second = 1000
	return series{from: from / second * second, step: second}
}

// at returns the step of a time.
func (s *series) at(now int64) *point {
	for now-s.from >= s.step*maxSteps {
		s.halve()
	}
	i := int(max(0, now-s.from) / s.step)
	for len(s.steps) <= i {
		s.steps = append(s.steps, point{})
	}
	return &s.steps[i]
}

// halve makes one step of every two.
func (s *series) halve() {
	half := (len(s.steps) + 1) / 2
	for i := range half {
		sum := s.steps[2*i]
		if 2*i+1 < len(s.steps) {
			next := s.steps[2*i+1]
			sum.requests += next.requests
			sum.failures += next.failures
			sum.refused += next.refused
		}
		s.steps[i] = sum
	}
	s.steps = s.steps[:half]
	s.step *= 2
}

// alike makes the series as long as each other, and their steps, too.
func alike(all []*series) {
	step, length := int64(0), 0
	for _, s := range all {
		step = max(step, s.step)
	}
	for _, s := range all {
		for s.step < step {
			s.halve()
		}
		length = max(length, len(s.steps))
	}
	for _, s := range all {
		s.steps = append(s.steps, make([]point, length-len(s.steps))...)
	}
}

func (s *series) forecast() forecast.Series {
	out := forecast.Series{From: instant(s.from), Step: s.step / 1000}
	for _, p := range s.steps {
		out.Requests = append(out.Requests, p.requests)
		out.Failures = append(out.Failures, p.failures)
		out.Refused = append(out.Refused, p.refused)
	}
	return out
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
