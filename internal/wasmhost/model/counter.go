package model

import "strconv"

// counter is one client on one surface. Times are in milliseconds.
type counter struct {
	// failures of the running window, by credential.
	failures    map[string]int
	windowEnd   int64
	lockedUntil int64
	// strikes are lockouts in a row, forgotten at forgetAt.
	strikes  int
	forgetAt int64
	// written is when the counter last changed.
	written int64
}

// clock follows a clock that stepped back: what was still to last when the
// counter last changed lasts as long. RATIONALE.md, "Why the monotonic clock?".
func (c *counter) clock(now int64) int64 {
	const skew = 1000
	if c.written-now <= skew {
		return max(now, c.written)
	}
	back := c.written - now
	for _, t := range []*int64{&c.windowEnd, &c.lockedUntil, &c.forgetAt} {
		*t = max(*t-back, 0)
	}
	c.written = now
	return now
}

// lockedFor is how long the client is still locked out.
func (c *counter) lockedFor(now int64) int64 {
	now = c.clock(now)
	return c.lockedUntil - now
}

func (c *counter) count() (n int) {
	for _, of := range c.failures {
		n += of
	}
	return n
}

// fail counts a failure and tells whether it locks the client out.
func (c *counter) fail(l *Lockout, credential string, now int64) bool {
	now = c.clock(now)
	c.written = now
	if now < c.lockedUntil {
		return false // it was under way when the lockout began
	}
	if c.lockedUntil > 0 || now >= c.windowEnd {
		c.lockedUntil = 0
		clear(c.failures)
		c.windowEnd = now + milliseconds(l.Window)
	}
	c.failures[credential]++
	if c.count() < l.Failures {
		return false
	}
	length := c.windowEnd - now
	if l.Duration > 0 {
		length = milliseconds(l.Duration)
	}
	if l.Factor > 0 {
		length = c.escalate(l, length, now)
	}
	c.lockedUntil = now + length
	return true
}

// escalate makes a lockout longer. The first lasts until the window ends where
// no duration is given; those after it are measured by the whole window.
func (c *counter) escalate(l *Lockout, length, now int64) int64 {
	if now >= c.forgetAt {
		c.strikes = 0
	}
	if c.strikes > 0 && l.Duration == 0 {
		length = milliseconds(l.Window)
	}
	for range c.strikes {
		length = min(int64(float64(length)*l.Factor), milliseconds(l.Max))
	}
	c.strikes++
	c.forgetAt = now + length + milliseconds(l.Forget)
	return length
}

// forgive takes back the failures of a credential. Without any left there is no
// first one from which the window could run.
func (c *counter) forgive(credential string, now int64) {
	now = c.clock(now)
	if now < c.lockedUntil || now >= c.windowEnd || c.failures[credential] == 0 {
		return
	}
	c.written = now
	delete(c.failures, credential)
	if c.count() == 0 {
		c.windowEnd = 0
	}
}

// seconds rounds up, so that who waits so long is served.
func seconds(left int64) string { return strconv.FormatInt((left+999)/1000, 10) }
