package gauntlet

import (
	"context"
	"fmt"
	"time"
)

// parallel are those that do not wait for an answer.
func parallel(s Sizes) []Attack {
	pending := Variant{Name: "`pending: 1`", Lockout: map[string]any{"pending": 1}, Bound: pendingBound(1)}
	volleys := func(h2 bool) func(context.Context, *Field) error {
		return func(ctx context.Context, f *Field) error {
			// The connection is there before the volley, so that it is one.
			f.fire(ctx, Shot{From: attacker, Path: "/healthz", Mark: Own, H2: h2})
			n := volleysPerWindow * f.Sizes.Windows
			f.beside(ctx, honestly, func() {
				f.spread(ctx, n, 1, f.Sizes.Length(), func(v int) {
					volley(f.Sizes.Parallel, func(i int) {
						s := guess(v*f.Sizes.Parallel + i)
						s.H2 = h2
						f.fire(ctx, s)
					})
				})
			})
			return nil
		}
	}
	const teaches = "Who counts answers knows of a guess only when it is answered: all that are under way by then get through. Who counts requests is not fooled, but counts the honest ones, too."
	return []Attack{
		{
			Name:     "In parallel, HTTP/1.1",
			What:     fmt.Sprintf("%d guesses at once, each on a connection of its own, %d times in each window. The service takes %s to answer.", s.Parallel, volleysPerWindow, think),
			Teaches:  teaches,
			Think:    think,
			Variants: []Variant{pending},
			Hardened: pendingBound(1),
			Bound:    atOnce,
			Run:      volleys(false),
		},
		{
			Name:     "In parallel, streams of one HTTP/2 connection",
			What:     fmt.Sprintf("The same with %d streams of one connection.", s.Parallel),
			Teaches:  teaches,
			Think:    think,
			Variants: []Variant{pending},
			Hardened: pendingBound(1),
			Bound:    atOnce,
			Run:      volleys(true),
		},
	}
}

// volleysPerWindow finds the end of a lockout soon without asking when it is.
const volleysPerWindow = 4

// think is how long the service takes to look at a credential where that
// matters: long enough that all of a volley are under way before the first
// answer is back.
const think = 300 * time.Millisecond
