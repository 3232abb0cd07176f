package model

// Sight is what the filter was seen to do with a request. Where a lockout has a
// jitter, the model knows between which two moments it ends, and learns from
// this when it does.
type Sight struct {
	Passed bool // the lockout at least
	// Seconds that a locked-out client was told to wait, 0 if it was not told.
	Seconds int64
}

// guess is called where the model cannot know what the filter does. A generator of
// scripts may continue with a guess; a comparison must end there.
func (m *Model) guess() { m.Unsure = true }

// isLocked tells whether a counter locks now.
func (m *Model) isLocked(c *counter) bool {
	now := c.clock(m.Now)
	if now >= c.lockedUntil && now < c.lockedUntil+c.slack {
		m.guess()
	}
	return now < c.lockedUntil
}

// lockedFor tells for how many seconds a client is locked out that these count,
// 0 if it is not.
func (m *Model) lockedFor(counters []*counter, seen Sight) int64 {
	var longest *counter
	unsure := false
	most, slack := int64(0), int64(0) // the most that the filter may say
	for _, c := range counters {
		now := c.clock(m.Now)
		slack += c.slack
		most = max(most, wholeSeconds(c.lockedUntil+c.slack-now))
		unsure = unsure || now >= c.lockedUntil && now < c.lockedUntil+c.slack
		if now < c.lockedUntil && (longest == nil || c.lockedUntil > longest.lockedUntil) {
			longest = c
		}
	}
	least := int64(0)
	switch {
	case longest != nil:
		least = wholeSeconds(longest.lockedUntil - longest.clock(m.Now))
	case !unsure:
		return 0
	case seen.Passed || seen.Seconds == 0:
		if !seen.Passed {
			m.guess()
		}
		m.over(counters)
		return 0
	default:
		least = 1
	}
	if seen.Seconds < least || seen.Seconds > most || slack == 0 {
		return least // which is a difference, if anything was seen
	}
	m.narrow(counters, seen.Seconds)
	return seen.Seconds
}

// over is what a request that passes tells: the lockouts have ended.
func (m *Model) over(counters []*counter) {
	for _, c := range counters {
		c.slack = max(min(c.slack, c.clock(m.Now)-c.lockedUntil), 0)
	}
}

// narrow is what the seconds of a refusal tell: nothing lasts longer, and the
// one that can last so long does.
func (m *Model) narrow(counters []*counter, seconds int64) {
	var last []*counter
	for _, c := range counters {
		now := c.clock(m.Now)
		c.slack = min(c.slack, max(now+seconds*1000-c.lockedUntil, 0))
		if c.lockedUntil+c.slack > now+(seconds-1)*1000 {
			last = append(last, c)
		}
	}
	if len(last) != 1 {
		return
	}
	c := last[0]
	later := max(c.clock(m.Now)+(seconds-1)*1000+1-c.lockedUntil, 0)
	c.lockedUntil, c.forgetAt, c.slack = c.lockedUntil+later, c.forgetAt+later, c.slack-later
}
