package gauntlet

import (
	"context"
	"time"
)

// Clock is time that is set by hand.
type Clock interface {
	// Advance lets time pass.
	Advance(d time.Duration)
	// Step changes what the clocks say without any time passing: that of the
	// day, and the one that no one is supposed to step.
	Step(day, monotonic time.Duration)
}

// clocks is an attack on a clock that is set by hand: on a real machine it would
// be everybody's clock.
func clocks() []Attack {
	return []Attack{{
		Name: "A clock that steps",
		What: "One address in sequence. Before every fifth guess the time of day jumps by an hour, forth and back in turn; in the middle of each window the monotonic clock falls back by ten minutes, as on a machine that was moved. " +
			"On the stand-in for Envoy, with the same Wasm module: on a real machine it would be everybody's clock. The other systems are not in this row.",
		Teaches: "Lockouts are lengths of time: the time of day is nothing to them, and a clock that falls back takes what is still to last with it.",
		Systems: []System{standIn()},
		Bound:   inSequence,
		Run: func(ctx context.Context, f *Field) error {
			n := f.Sizes.Guesses * f.Sizes.Windows
			jump := time.Hour
			for i := range n {
				if i%5 == 4 {
					f.Target.Clock.Step(jump, 0)
					jump = -jump
				}
				if i%f.Sizes.Guesses == f.Sizes.Guesses/2 {
					f.Target.Clock.Step(0, -10*time.Minute)
				}
				f.fire(ctx, guess(i))
				if i%10 == 0 {
					f.fire(ctx, honestly(i))
				}
				f.Target.Clock.Advance(f.Sizes.Length() / time.Duration(n))
			}
			return nil
		},
	}}
}
