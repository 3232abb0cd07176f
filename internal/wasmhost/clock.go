package wasmhost

import (
	"sync/atomic"
	"time"
)

// Clock is the only time that guests see. It stands still until it is set. The
// two clocks of WASI are set apart, because a filter has to live with a
// realtime clock that is stepped while the monotonic one goes on.
//
// A clock that stands still does not hold up a guest of standard Go: its
// runtime reads the time often but waits for it only in timers.
//
// It is safe for concurrent use.
type Clock struct {
	realtime  atomic.Int64
	monotonic atomic.Int64
}

// The two start apart, so that a guest that reads the wrong one fails its tests.
// Neither may be 0: the runtime of standard Go refuses that.
const (
	firstRealtime  = 1_800_000_000 * time.Second
	firstMonotonic = 1000 * time.Second
)

// NewClock returns a clock at 2027-01-15T08:00:00Z, 1000 seconds after an
// imagined start of the machine.
func NewClock() *Clock {
	c := &Clock{}
	c.realtime.Store(int64(firstRealtime))
	c.monotonic.Store(int64(firstMonotonic))
	return c
}

// Realtime returns the time of day.
func (c *Clock) Realtime() time.Time { return time.Unix(0, c.realtime.Load()).UTC() }

// Monotonic returns the time since an arbitrary start.
func (c *Clock) Monotonic() time.Duration { return time.Duration(c.monotonic.Load()) }

// SetRealtime steps the time of day alone, back or forth.
func (c *Clock) SetRealtime(t time.Time) { c.realtime.Store(t.UnixNano()) }

// SetMonotonic sets the monotonic clock alone.
func (c *Clock) SetMonotonic(d time.Duration) { c.monotonic.Store(int64(d)) }

// Advance lets time pass on both clocks.
func (c *Clock) Advance(d time.Duration) {
	c.realtime.Add(int64(d))
	c.monotonic.Add(int64(d))
}
