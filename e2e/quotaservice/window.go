package quotaservice

import (
	"fmt"
	"time"
)

// Window is the period in which a tenant may spend its limit: Day and Month of the
// calendar in UTC, or a duration, whose periods are counted from 1970 on.
type Window string

const (
	Day   Window = "day"
	Month Window = "month"
)

// Check reports whether w is a window.
func (w Window) Check() error {
	if w == Day || w == Month {
		return nil
	}
	if d, err := time.ParseDuration(string(w)); err != nil || d < time.Second || d%time.Second != 0 {
		return fmt.Errorf(`%q is not a window; write "day", "month", or a duration of whole seconds such as "1h"`, string(w))
	}
	return nil
}

// bounds returns the first instant of the window that has begun at now, and of the next one.
func (w Window) bounds(now time.Time) (start, end time.Time) {
	now = now.UTC()
	switch w {
	case Day:
		start = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
		return start, start.AddDate(0, 0, 1)
	case Month:
		start = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		return start, start.AddDate(0, 1, 0)
	}
	length, err := time.ParseDuration(string(w))
	if err != nil || length < time.Second {
		length = time.Second // only a table that was edited by hand has such a window
	}
	seconds, period := now.Unix(), int64(length/time.Second)
	start = time.Unix(seconds-seconds%period, 0).UTC()
	return start, start.Add(length)
}

// wholeSeconds is d in seconds, rounded up.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// timeFormat has a fixed width, so that texts sort as times do.
const timeFormat = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string { return t.UTC().Format(timeFormat) }
