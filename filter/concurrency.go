package filter

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// A request is in flight from its headers until its stream is done, and holds a
// place under each limit that applies to it for so long: a response that streams
// keeps it. What is refused holds none.

// limit is a configured limit on requests in flight, made ready for the request
// path.
type limit struct {
	*config.Concurrency
	name []byte // as it goes into keys

	refused, shadowed counter
}

// readyConcurrency gives each surface the limits that apply to it. Those that refuse
// come first, so that one in shadow mode reports only what the others let pass.
func (f *Filter) readyConcurrency() {
	f.holdings = map[table.Key]*holding{}
	f.limits = make([]limit, len(f.config.Concurrency))
	for i := range f.limits {
		l := &f.limits[i]
		l.Concurrency = &f.config.Concurrency[i]
		l.name = []byte(l.Name)
	}
	for i := range f.surfaces {
		s := &f.surfaces[i]
		for _, mode := range [...]config.Mode{config.ModeEnforce, config.ModeShadow} {
			for j := range f.limits {
				if l := &f.limits[j]; l.Mode == mode && s.isAmong(l.Surfaces) {
					s.limits = append(s.limits, l)
				}
			}
		}
	}
}

// takePlaces takes a place under each limit that applies, or tells that there is
// none.
func (s *Stream) takePlaces(host Host) (why refusal, refused bool) {
	if len(s.surface.limits) == 0 {
		return refusal{}, false
	}
	now := host.Now()
	for _, l := range s.surface.limits {
		if h := s.filter.takePlace(s.placeKey(l), l.Limit, now); h != nil {
			s.places = append(s.places, h)
			continue
		}
		s.over = l
		why = refusal{reason: ReasonOverCapacity, rule: l.Name, seconds: secondsUntil(l.RetryAfter, 0), now: now}
		if l.Mode == config.ModeEnforce {
			s.freePlaces(now)
			return why, true
		}
		l.shadowed.add(1)
		s.shadowed = true
		s.filter.reportRefusal(host, s, "shadow refusal", &why)
	}
	return refusal{}, false
}

// placeKey names the counter of a limit that a request is held to.
func (s *Stream) placeKey(l *limit) table.Key {
	f := s.filter
	per := []byte{byte(l.Per)}
	switch l.Per {
	case config.PerSurface:
		return f.table.Key(concurrencyRule, l.name, per, s.surface.name)
	case config.PerIdentity:
		f.name = s.appendOwner(f.name[:0])
		return f.table.Key(concurrencyRule, l.name, per, f.name)
	}
	return f.table.Key(concurrencyRule, l.name, per)
}

// appendOwner appends who a request is: an identity by its name or, without one, by
// its credential, and if there is none, the client.
func (s *Stream) appendOwner(b []byte) []byte {
	id := &s.identity
	switch {
	case !id.verified:
		return append(append(b, "client"...), s.client.key[:]...)
	case id.subject != "" || id.tenant != "":
		return appendPart(appendPart(append(b, "name"...), id.subject), id.tenant)
	}
	return binary.LittleEndian.AppendUint64(append(b, "credential"...), id.credential)
}

// freePlaces gives back what the request holds.
func (s *Stream) freePlaces(now int64) {
	for i, h := range s.places {
		s.filter.freePlace(h, now)
		s.places[i] = nil
	}
	s.places = s.places[:0]
}

// takePlace takes a place if fewer than most are taken. What cannot be counted has
// none.
func (f *Filter) takePlace(key table.Key, most uint32, now int64) *holding {
	h := f.holdings[key]
	if h == nil {
		h = &holding{key: key}
	}
	taken := f.change(h, now, func(o occupancy) (occupancy, bool) {
		room := o.taken() < most
		o.current++
		return o, room
	})
	if !taken {
		return nil
	}
	h.places++
	f.holdings[key] = h
	return h
}

func (f *Filter) freePlace(h *holding, now int64) {
	f.change(h, now, func(o occupancy) (occupancy, bool) {
		o.current -= min(o.current, 1)
		return o, true
	})
	if h.places--; h.places == 0 {
		delete(f.holdings, h.key)
	}
}

// confirmPlaces confirms the places that this worker holds, where it is time to.
func (f *Filter) confirmPlaces(host Host) {
	if len(f.holdings) == 0 {
		return
	}
	now := host.Now()
	for _, h := range f.holdings {
		if h.due(now) {
			f.change(h, now, func(o occupancy) (occupancy, bool) { return o, true })
		}
	}
}

// change confirms what the worker holds under a limit and changes what is taken
// there, and tells whether it could.
func (f *Filter) change(h *holding, now int64, step func(occupancy) (occupancy, bool)) bool {
	var until int64
	result := f.table.Update(h.key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		o, ok := step(occupied(r, at).confirm(h))
		until = o.until
		return o.record(), ok
	})
	f.observe(result)
	if result.Outcome != table.Stored {
		return false
	}
	h.until = until
	return true
}
