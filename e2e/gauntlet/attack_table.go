package gauntlet

import (
	"context"
	"fmt"
	"time"
)

// tables are those that use that a table has an end. Their limits last for an
// hour, so that nothing is forgotten because time has passed.
func tables(s Sizes) []Attack { return []Attack{flood(s), crowd(s)} }

const (
	lockedOut = "192.0.2.1" // has used up its allowance before the flood
	almost    = "192.0.2.2" // has one guess left
	late      = "192.0.2.3" // comes after it
	tries     = 20          // after the flood
)

// aim sends n guesses from an address.
func aim(ctx context.Context, f *Field, address string, n int) {
	for i := range n {
		s := guess(i)
		s.From = address
		f.fire(ctx, s)
	}
}

// floodAddress is the i-th of the addresses that are there to be many. Each is in
// another /24, so that a limit by network does not end the flood.
func floodAddress(i int) string { return fmt.Sprintf("%d.%d.%d.1", 16+i>>16, i>>8&255, i&255) }

// inOneWindow is the bound of keys clients while no window ends.
func inOneWindow(keys int) func(Sizes, System) Bound {
	return func(s Sizes, sys System) Bound {
		b := Bound{Formula: fmt.Sprintf("%d × %d", keys, s.Limit.Failures), N: keys * s.Limit.Failures}
		if sys.SlowestMinute {
			return Bound{Formula: b.String() + ", and one more a minute for each", N: -1}
		}
		return b
	}
}

func flood(s Sizes) Attack {
	return Attack{
		Name: "A flood of addresses, to be forgotten",
		What: fmt.Sprintf("One address uses up its allowance for the hour, another all but one of it. Then %s other addresses, each in another /24, fail once each, at tables for %s. "+
			"Then the two go on with %d guesses each. The guesses of the flood are not in the figures.", thousands(s.Flood), thousands(s.Table), tries),
		Teaches: "A table that is full gives something up; it matters what.",
		Edge:    Hop, Window: time.Hour, Alone: true,
		Bound: inOneWindow(2),
		Run: func(ctx context.Context, f *Field) error {
			f.beside(ctx, honestly, func() {
				aim(ctx, f, lockedOut, f.Sizes.Limit.Failures)
				aim(ctx, f, almost, f.Sizes.Limit.Failures-1)
				f.storm(ctx, f.Sizes.Flood, 1)
				aim(ctx, f, lockedOut, tries)
				aim(ctx, f, almost, tries)
			})
			return ctx.Err()
		},
	}
}

func crowd(s Sizes) Attack {
	return Attack{
		Name: "A crowd of locked-out addresses",
		What: fmt.Sprintf("%s addresses, each in another /24, use up their allowance each, at tables for %s. Then another one guesses %d times. "+
			"The guesses of the crowd are not in the figures.", thousands(s.Flood/s.Limit.Failures), thousands(s.Table), 5*tries),
		Teaches: "Who never forgets a lockout has no place left when every place is taken by one; who forgets the oldest lets them all go. It takes as many attackers as the table has places, and a larger table takes more.",
		Edge:    Hop, Window: time.Hour, Alone: true,
		Bound: inOneWindow(1),
		Run: func(ctx context.Context, f *Field) error {
			f.beside(ctx, honestly, func() {
				f.storm(ctx, f.Sizes.Flood/f.Sizes.Limit.Failures, f.Sizes.Limit.Failures)
				aim(ctx, f, late, 5*tries)
			})
			return ctx.Err()
		},
	}
}

// storm makes n addresses fail that many times each, as fast as possible.
func (f *Field) storm(ctx context.Context, n, each int) {
	f.spread(ctx, n, 32, 0, func(i int) {
		for g := range each {
			f.fire(ctx, Shot{From: floodAddress(i), Auth: bearer(fmt.Sprintf("flood-%d", g)), Mark: Flood})
		}
	})
}
