package gauntlet

import (
	"context"
	"fmt"
	"time"
)

// notHolding shows what a burst does if nothing waits. With oneWorker, a burst gets no
// further than a sequence.
var (
	notHolding = Variant{Name: "`burst.hold: off`", Plugin: map[string]any{"burst": map[string]any{"hold": "off"}}, Bound: notHeld}
	pending    = Variant{Name: "`pending: 1`", Lockout: map[string]any{"pending": 1}, Bound: pendingBound(1)}
	oneWorker  = Variant{Name: "one worker", Workers: 1, Bound: held(1)}
)

// fourWorkers has more workers than usual; an attacker's connections reach at most that
// many of them.
func fourWorkers(reached int) Variant {
	return Variant{Name: "four workers", Workers: 4, Bound: held(reached)}
}

// parallel are those that do not wait for an answer.
func parallel(s Sizes) []Attack {
	const teaches = "A system that counts failures learns of a guess when the service answers it. Until then nothing stops the other guesses, unless they wait. " +
		"Each worker of Gatewarden lets as many be under way as failures are left, and holds the others back (`burst`): n workers let n times as many through. " +
		"`pending` is exact over all workers, but refuses requests that would have waited. A system that counts requests is not deceived, but counts the honest ones, too."
	volleyed := fmt.Sprintf("%d guesses at once, each on a connection of its own, %d times in each window. The service takes %s to answer.", s.Parallel, volleysPerWindow, think)
	return []Attack{
		{
			Name:     "In parallel, HTTP/1.1",
			What:     volleyed + " Where nothing else is said, Envoy has two workers.",
			Teaches:  teaches,
			Think:    think,
			Variants: []Variant{oneWorker, fourWorkers(4), notHolding, pending},
			Hardened: pendingBound(1),
			Bound:    atOnce(usualWorkers),
			Run:      volleys(false),
		},
		{
			Name:     "In parallel, streams of one HTTP/2 connection",
			What:     fmt.Sprintf("The same with %d streams of one connection. All of them are on one worker.", s.Parallel),
			Teaches:  teaches,
			Think:    think,
			Variants: []Variant{oneWorker, fourWorkers(1), notHolding, pending},
			Hardened: pendingBound(1),
			Bound:    atOnce(1),
			Run:      volleys(true),
		},
		pages(s),
	}
}

// volleys sends volleys of guesses, and honest requests beside them.
func volleys(h2 bool) func(context.Context, *Field) error {
	return func(ctx context.Context, f *Field) error {
		f.beside(ctx, honestly, func() { f.volleys(ctx, h2) })
		return nil
	}
}

// volleys sends volleys of guesses from one address over the windows.
func (f *Field) volleys(ctx context.Context, h2 bool) {
	// The connection is there before the volley, so that it is one.
	f.fire(ctx, Shot{From: attacker, Path: "/healthz", Mark: Own, H2: h2})
	f.spread(ctx, volleysPerWindow*f.Sizes.Windows, 1, f.Sizes.Length(), func(v int) {
		volley(f.Sizes.Parallel, func(i int) {
			s := guess(v*f.Sizes.Parallel + i)
			s.H2 = h2
			f.fire(ctx, s)
		})
	})
}

// volleysPerWindow finds the end of a lockout soon without asking when it is.
const volleysPerWindow = 4

// think is how long the service takes to look at a credential where that
// matters: long enough that all of a volley are under way before the first
// answer is back.
const think = 300 * time.Millisecond
