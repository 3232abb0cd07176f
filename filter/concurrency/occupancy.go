package concurrency

import "github.com/gatewarden/gatewarden/table"

// One record counts the requests in flight under a limit, so that one compare-and-swap
// sees all of them and adds one: never do more requests pass than the limit, and none is
// refused while there is room.
//
// A VM that dies does not free its places. So each place has to be confirmed. The record
// counts the places that were confirmed in its current period, and those that were
// confirmed in the period before; places that were confirmed in neither do not count any
// more. A worker confirms all its places under a limit at once: with each place that it
// takes or frees, and on the first tick of a period. See RATIONALE.md, "Why are places in
// flight confirmed?"

// period is the length of a period in milliseconds. A place that its worker does not
// confirm counts for at least one period and at most two.
const period = 10_000

// occupancy is how many places are taken.
type occupancy struct {
	// before were confirmed in the period before, current in this one.
	before, current uint32
	// until is when the unconfirmed places of this period expire: at the end of the next
	// period.
	until int64
}

// maxPlaces is the most that a record can count in a period.
const maxPlaces = 1<<16 - 1

// occupied reads a record that has not expired, at a time of its set's clock.
func occupied(r table.Record, at int64) occupancy {
	o := occupancy{before: r.Count >> 16, current: r.Count & maxPlaces, until: r.WindowEnd}
	switch {
	case r == table.Record{}:
		o.until = at + 2*period
	case at >= o.until-period:
		o = occupancy{before: o.current, until: o.until + period}
	}
	return o
}

// record returns the record to write. It is locked, so that it cannot be evicted: that
// would forget requests that are in flight.
func (o occupancy) record() table.Record {
	if o.taken() == 0 {
		return table.Record{}
	}
	return table.Record{
		Count:     min(o.before, maxPlaces)<<16 | min(o.current, maxPlaces),
		WindowEnd: o.until, LockedUntil: o.until,
	}
}

// taken returns the number of places that are taken.
func (o occupancy) taken() uint32 { return o.before + o.current }

// confirm moves a worker's places into the current period, from whichever period they
// are in. Places that expired are counted again: the requests are still in flight.
func (o occupancy) confirm(h *holding) occupancy {
	switch h.until {
	case o.until:
		return o
	case o.until - period:
		o.before -= min(o.before, h.places)
	}
	o.current += h.places
	return o
}
