// Package journal writes down in shared data what workers have taken from counters and not
// settled yet, so that another worker can give it back if a worker is gone: its VM trapped
// and was loaded anew, or a new configuration replaced it before its requests had ended.
//
// Shared data has no delete, no expiry and no listing, so the journal is a fixed number of
// slots, each of them one value. A worker claims a slot before it writes entries into it,
// and more slots when it needs them. It confirms its slots every few seconds. If another
// worker sees for [Patience] ticks of its own that nobody has written to a slot, it empties
// the slot and gives back what its entries took.
//
//	key of slot n ──► ┌───────┬──────┬───────┬───────┬───┐
//	                  │ owner │ beat │ entry │ entry │ … │
//	                  └───────┴──────┴───────┴───────┴───┘
//
// Every change is a compare-and-swap. An entry is removed before anything follows from it,
// and only the worker that removed it acts on it: its owner, which settles it, or the
// worker that took the slot over. So each entry is settled once, also if its owner was
// stopped for a minute and comes back.
//
// The package reads no clock. A worker judges others by its own ticks: a clock that steps,
// or a machine that sleeps, makes nobody look dead.
package journal
