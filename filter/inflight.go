package filter

import "github.com/gatewarden/gatewarden/table"

// The requests in flight under a limit are counted in one record, so that one
// compare-and-swap sees all of them and adds one: never do more pass than the
// limit, and none is refused while there is room.
//
// A VM that dies says no word about the places that it holds. So each place has to
// be confirmed: the record has a count of those confirmed in its current period and
// one of those confirmed in the period before, and whatever was confirmed in
// neither is not counted any more. A worker confirms all that it holds under a limit
// at once, with each place that it takes or frees, and on the first tick of a
// period. See RATIONALE.md, "Why are places in flight confirmed?"

// placePeriod is the length of a period in milliseconds. A place that nobody
// confirms is counted for at least one period and at most two.
const placePeriod = 10_000

// occupancy is how many places are taken.
type occupancy struct {
	// before were confirmed in the period before, current in this one.
	before, current uint32
	// until is when this period's places end if nobody confirms them: with the
	// next period.
	until int64
}

// maxPlaces is what a record can count in a period.
const maxPlaces = 1<<16 - 1

// occupied reads a record that has not expired, at a time of its set's clock.
func occupied(r table.Record, at int64) occupancy {
	o := occupancy{before: r.Count >> 16, current: r.Count & maxPlaces, until: r.WindowEnd}
	switch {
	case r == table.Record{}:
		o.until = at + 2*placePeriod
	case at >= o.until-placePeriod:
		o = occupancy{before: o.current, until: o.until + placePeriod}
	}
	return o
}

// record is what is written. It is locked, which keeps it from being evicted: that
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

func (o occupancy) taken() uint32 { return o.before + o.current }

// holding is what one worker holds under one limit.
type holding struct {
	key    table.Key
	places uint32
	// until is that of the record when the places were last confirmed.
	until int64
}

// confirm brings a worker's places into the current period, from wherever they
// are. Those that are not counted any more are counted again: the requests are
// still in flight.
func (o occupancy) confirm(h *holding) occupancy {
	switch h.until {
	case o.until:
		return o
	case o.until - placePeriod:
		o.before -= min(o.before, h.places)
	}
	o.current += h.places
	return o
}

// due tells whether the places have to be confirmed. The clock has stepped back
// where they would last for longer than two periods.
func (h *holding) due(now int64) bool {
	left := h.until - now
	return left <= placePeriod || left > 2*placePeriod
}
