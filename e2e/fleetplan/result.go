package fleetplan

import "slices"

// result sums up what happened.
func (f *fleet) result() Result {
	s, seconds := f.service, f.measured()
	calls, named := float64(s.calls), float64(s.descriptors)
	cost := &f.Costs
	// Counters are made anew in each window, and those of unlocks each day.
	counters := float64(s.perWindow)*(f.Window+cost.Kept)/f.Window + float64(s.unlockCount)
	return Result{
		Calls: calls / seconds, PeakCalls: float64(slices.Max(s.secondCalls)), Descriptors: named / max(calls, 1),
		Commands: float64(s.commands) / seconds, PeakCommands: float64(slices.Max(s.secondCommands)),
		ServiceCores: (calls*cost.Call + named*cost.Descriptor) / seconds,
		RedisCores:   (float64(s.pipelines)*cost.Pipeline + float64(s.commands)*cost.Command) / seconds,
		Counters:     counters, Bytes: counters * cost.Counter,
		Through: newDistribution(f.passed), Learned: newDistribution(f.learned),
		Guesses: float64(f.guesses) / seconds, Refused: float64(f.turnedAway) / float64(max(f.guesses, 1)),
	}
}

// Row is a figure of a result, under the name that measurements of real proxies give it, too.
type Row struct {
	Name  string
	Value float64
}

// Rows are the figures that can be measured at real proxies under the same attack.
func (r *Result) Rows() []Row {
	return []Row{
		{"calls/s", r.Calls},
		{"guesses/call", r.Guesses / max(r.Calls, 1e-9)},
		{"refused", r.Refused},
		{"guesses through, mean", r.Through.Mean()},
		{"guesses through, 99 of 100", r.Through.Quantile(0.99)},
		{"learned after, median (ms)", 1000 * r.Learned.Quantile(0.5)},
		{"learned after, 99 of 100 (ms)", 1000 * r.Learned.Quantile(0.99)},
	}
}
