package counter

import "github.com/gatewarden/gatewarden/table"

// View is the state of a counter of failures, for explanations. Times are on the
// proxy's clock in milliseconds; 0 stands for never.
type View struct {
	Count       uint32
	WindowEnd   int64
	LockedUntil int64
}

// View reads a counter. An expired counter reads as one that was never there.
func (t *Table) View(key table.Key, clock table.Clock) View {
	r, now, found := t.Get(key, clock)
	if !found || now >= r.WindowEnd && now >= r.LockedUntil {
		return View{}
	}
	if now >= r.LockedUntil {
		r.LockedUntil = 0
	}
	return View{r.Count, r.WindowEnd, r.LockedUntil}
}
