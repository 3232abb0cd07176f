package model

import (
	"strconv"
	"time"
)

// counter is one client, or one network, on one surface. Times are in
// milliseconds.
type counter struct {
	limit int
	// failures of the running window, by credential.
	failures    map[string]int
	windowEnd   int64
	lockedUntil int64
	// strikes are lockouts in a row, forgotten at forgetAt.
	strikes  int
	forgetAt int64
	// slack is by how much the last lockout may end later than at lockedUntil,
	// and be forgotten later than at forgetAt: the jitter, less what was seen
	// of it.
	slack int64
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

func (c *counter) count() (n int) {
	for _, of := range c.failures {
		n += of
	}
	return n
}

// left is how many failures are left of an allowance that is not locked.
func (c *counter) left(now int64) int {
	now = c.clock(now)
	if c.lockedUntil > 0 || now >= c.windowEnd {
		return c.limit
	}
	return c.limit - c.count()
}

// fail counts a failure, unless it repeats another one, and tells whether it locks the
// client out. The window runs from the first one on, also if that one does not count any
// more.
func (m *Model) fail(c *counter, v *visit, credential string) (repeats, locks bool) {
	now, l := c.clock(m.Now), &v.rule
	c.written = now
	if m.isLocked(c) {
		return false, false // it was under way when the lockout began
	}
	if c.lockedUntil > 0 || now >= c.windowEnd {
		c.lockedUntil = 0
		clear(c.failures)
		c.windowEnd = now + milliseconds(l.Window)
	}
	if m.repeats(v, c, c.windowEnd) {
		return true, false
	}
	c.failures[credential]++
	if c.count() < c.limit {
		return false, false
	}
	m.lockOut(c, l, c.windowEnd, l.Window)
	return false, true
}

// lockOut begins a lockout for what happened in a window.
func (m *Model) lockOut(c *counter, l *Lockout, windowEnd int64, window time.Duration) {
	now := c.clock(m.Now)
	length := windowEnd - now
	if l.Duration > 0 {
		length = milliseconds(l.Duration)
	}
	if l.Factor > 0 {
		length = m.escalate(c, l, length, window)
		c.forgetAt = now + length + milliseconds(l.Forget)
	}
	c.lockedUntil = now + length
	c.slack = milliseconds(l.Jitter)
}

// escalate makes a lockout longer. The first lasts until the window ends where
// no duration is given; those after it are measured by the whole window.
func (m *Model) escalate(c *counter, l *Lockout, length int64, window time.Duration) int64 {
	now := c.clock(m.Now)
	if now >= c.forgetAt {
		if c.strikes > 0 && now < c.forgetAt+c.slack {
			m.guess()
		}
		c.strikes = 0
	}
	if c.strikes > 0 && l.Duration == 0 {
		length = milliseconds(window)
	}
	for range c.strikes {
		length = min(int64(float64(length)*l.Factor), milliseconds(l.Max))
	}
	c.strikes++
	return length
}

// forgive takes back the failures of a credential. Without any left there is no
// first one from which the window could run.
func (m *Model) forgive(c *counter, credential string) {
	now := c.clock(m.Now)
	if now >= c.windowEnd || c.failures[credential] == 0 || m.isLocked(c) {
		return
	}
	c.written = now
	delete(c.failures, credential)
	if c.count() == 0 {
		c.windowEnd = 0
	}
}

// seconds rounds up, so that a client that waits this long is served.
func seconds(left int64) string { return strconv.FormatInt(wholeSeconds(left), 10) }

func wholeSeconds(left int64) int64 { return (left + 999) / 1000 }
