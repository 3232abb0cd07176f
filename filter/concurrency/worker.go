package concurrency

import "github.com/gatewarden/gatewarden/table"

// holding is what one worker holds under one limit.
type holding struct {
	key    table.Key
	places uint32
	// until is that of the record when the worker last confirmed its places.
	until int64
}

// isDue tells whether the places have to be confirmed. If they would last for longer
// than two periods, the clock has stepped back.
func (h *holding) isDue(now int64) bool {
	left := h.until - now
	return left <= period || left > 2*period
}

// take takes a place if fewer than most are taken. It returns nil if there is none, or
// if the table cannot count it. See RATIONALE.md, "Why is a request refused that cannot
// be counted?"
func (r *Room) take(key table.Key, most uint32, now int64) *holding {
	h := r.holdings[key]
	if h == nil {
		h = &holding{key: key}
	}
	taken := r.change(h, now, func(o occupancy) (occupancy, bool) {
		room := o.taken() < most
		o.current++
		return o, room
	})
	if !taken {
		return nil
	}
	h.places++
	r.holdings[key] = h
	return h
}

// free frees a place.
func (r *Room) free(h *holding, now int64) {
	r.change(h, now, func(o occupancy) (occupancy, bool) {
		o.current -= min(o.current, 1)
		return o, true
	})
	if h.places--; h.places == 0 {
		delete(r.holdings, h.key)
	}
}

// confirm confirms the places that this worker holds, where that is due.
func (r *Room) confirm(now int64) {
	for _, h := range r.holdings {
		if h.isDue(now) {
			r.change(h, now, func(o occupancy) (occupancy, bool) { return o, true })
		}
	}
}

// change confirms what the worker holds under a limit, applies step to what is taken
// there, and tells whether the result is in the table. step returns false to leave the
// table as it is.
func (r *Room) change(h *holding, now int64, step func(occupancy) (occupancy, bool)) bool {
	var until int64
	result := r.table.Update(h.key, now, func(record table.Record, _ uint8, at int64) (table.Record, bool) {
		o, ok := step(occupied(record, at).confirm(h))
		until = o.until
		return o.record(), ok
	})
	if result.Outcome != table.Stored {
		return false
	}
	h.until = until
	return true
}
