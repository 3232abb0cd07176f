package budget

// breaker keeps a service from being asked that does not answer: calls that cost something
// are refused at once then, and do not wait for it. After a while, one call tries again.
// The zero breaker lets every call through.
type breaker struct {
	failures int // in a row
	// until is when a call may try again, delay how long the breaker was open before, in
	// milliseconds.
	until, delay int64
	trial        bool // such a call is under way
}

const (
	// tolerated is how many calls in a row may fail.
	tolerated  = 5
	firstDelay = 1000
	maxDelay   = 30_000
)

// isOpen tells whether the breaker lets at most one call through.
func (b *breaker) isOpen() bool { return b.failures >= tolerated }

// allows tells whether a call may be made at the time now. Its outcome has to be told.
func (b *breaker) allows(now int64) bool {
	if !b.isOpen() {
		return true
	}
	if b.trial || isAhead(b.until, now) {
		return false
	}
	b.trial = true
	return true
}

// isAhead tells whether a moment is still to come. It is never further ahead than maxDelay,
// unless the clock was stepped back: then nobody waits for it.
func isAhead(moment, now int64) bool { return moment > now && moment-now <= maxDelay }

// succeeded notes that a call was answered.
func (b *breaker) succeeded() { *b = breaker{} }

// failed notes that a call was not answered. Calls that were under way when the breaker
// opened do not keep it open for longer.
func (b *breaker) failed(now int64) {
	b.failures++
	switch {
	case b.failures < tolerated:
		return
	case b.failures == tolerated:
		b.delay = firstDelay
	case b.trial:
		b.delay = min(2*b.delay, maxDelay)
	default:
		return
	}
	b.trial, b.until = false, now+b.delay
}
