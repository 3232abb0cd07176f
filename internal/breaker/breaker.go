// Package breaker is a circuit breaker: a server that does not answer is not called for a
// while, so that nobody waits for it.
package breaker

// Breaker counts the calls without an answer. After [Tolerated] in a row it is open: for a
// while no call is let through, then one tries, and while that fails the time doubles. The
// zero Breaker is closed. Times are in milliseconds.
type Breaker struct {
	failures int // in a row
	// until is when a call may try again, delay how long the breaker was open before.
	until, delay int64
	trial        bool // such a call is under way
}

const (
	// Tolerated is how many calls in a row may fail.
	Tolerated = 5
	// FirstDelay is how long a breaker that opens stays open, LongestDelay the most.
	FirstDelay   = 1000
	LongestDelay = 30_000
)

// IsOpen tells whether the breaker lets at most one call through.
func (b *Breaker) IsOpen() bool { return b.failures >= Tolerated }

// Allows tells whether a call may be made at the time now. Its outcome has to be told.
func (b *Breaker) Allows(now int64) bool {
	if !b.IsOpen() {
		return true
	}
	if b.trial || IsAhead(b.until, now) {
		return false
	}
	b.trial = true
	return true
}

// IsAhead tells whether a moment is still to come. It is never further ahead than
// [LongestDelay], unless the clock was stepped back: then nobody waits for it.
func IsAhead(moment, now int64) bool { return moment > now && moment-now <= LongestDelay }

// Succeeded notes that a call was answered.
func (b *Breaker) Succeeded() { *b = Breaker{} }

// Failed notes that a call was not answered. Calls that were under way when the breaker
// opened do not keep it open for longer. weight is how many failures it counts for. most is the
// longest delay, at most [LongestDelay]. chance is a random number: it takes up to a quarter
// off each delay, so that not all workers try again at once.
func (b *Breaker) Failed(weight int, now, most int64, chance uint64) {
	wasOpen := b.IsOpen()
	b.failures += weight
	switch {
	case !b.IsOpen():
		return
	case !wasOpen:
		b.delay = FirstDelay
	case b.trial:
		b.delay = min(2*b.delay, most)
	default:
		return
	}
	b.trial, b.until = false, now+b.delay-int64(chance%uint64(b.delay/4))
}
