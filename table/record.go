package table

// Record is the state of one counter. Times are milliseconds on the clock that
// the caller passes in; zero is long past.
type Record struct {
	// Count is the number of events in the window that ends at WindowEnd.
	Count uint32
	// Before is the Count of the window before, for rules that look back at it.
	Before uint32
	// Level tells how near Count is to its limit, 255 being at it: of the
	// records in a full set the one with the lowest level matters least.
	Level uint8
	// Strikes is the number of lockouts in a row; it is forgotten at ForgetAt.
	Strikes   uint8
	WindowEnd int64
	// LockedUntil keeps the record from being evicted before.
	LockedUntil int64
	ForgetAt    int64
}

// expiry is the time from which on the record says nothing any more.
func (r *Record) expiry() int64 {
	return max(r.WindowEnd, r.LockedUntil, r.ForgetAt)
}

// weight tells how much the record matters. One whose window is over still
// remembers strikes, which matter less than a count that may yet lock.
func (r *Record) weight(now int64) uint8 {
	if now < r.WindowEnd {
		return r.Level
	}
	return min(r.Strikes, 1)
}
