package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// A request whose body decides is held with its headers until the body was read, so that
// the service sees nothing of one that is refused. Envoy does that only with
// allow_on_headers_stop_iteration in its PluginConfig: otherwise it holds the body back as
// well, and the request would wait for ever. A filter cannot read that setting. It finds out
// by the first request that it holds.
// See RATIONALE.md, "How does the filter find out whether it can hold headers?"

// holding says whether the proxy shows a body whose headers are held.
type holding uint8

const (
	// holdingUnknown: no body has come yet while its headers were held.
	holdingUnknown holding = iota
	// holdingWorks: one has, and was shown.
	holdingWorks
	// holdingMissing: one has come to the proxy, which did not show it.
	holdingMissing
)

func holdingOf(c *config.Config) holding {
	switch c.HeadersStopIteration {
	case config.StopIterationAllowed:
		return holdingWorks
	case config.StopIterationMissing:
		return holdingMissing
	}
	return holdingUnknown
}

const (
	// probePeriod is how often the filter looks whether a body has come that it was not
	// shown, in milliseconds.
	probePeriod = 50
	// longestHold is how long a refusal waits for the body that it is written for, in
	// milliseconds. With the time until the next tick it is 2 seconds at most.
	longestHold = 1000
)

// hold is how a request is held, for the sake of a refusal or for what its body says.
type hold struct {
	most     int    // bytes that are held at most
	readable bool   // there is a body, of a size that can be held as far as that is told
	sized    bool   // its size is told
	held     bool   // the body is held until all of it was read
	refused  bool   // it is held for the sake of a refusal
	headers  bool   // the headers are held, too
	size     int    // bytes of the body that are at hand
	body     []byte // of a body of unknown size, which the proxy does not keep at hand

	since   int64  // when the headers were held, by the proxy's clock
	arrived uint64 // bytes of the request that had come by then
	place   int    // among those that are held, plus one
}

// stopHeaders holds the request's headers until its body was read, where the proxy can do
// that. Otherwise they go on, and only the body is held.
func (s *Stream) stopHeaders() proxy.Action {
	f := s.filter
	if f.holding == holdingMissing {
		return proxy.Continue
	}
	s.hold.headers = true
	if !s.hold.refused && f.holding == holdingWorks {
		return proxy.Pause // it waits as long as its client takes
	}
	if s.hold.place == 0 {
		f.held = append(f.held, s)
		s.hold.place = len(f.held)
	}
	s.hold.since = f.host.Now()
	if f.holding == holdingUnknown {
		s.hold.arrived, _ = f.arrived()
		f.host.SetTickPeriod(probePeriod)
	}
	return proxy.Pause
}

// shown notes that the proxy shows a request's body or trailers.
func (s *Stream) shown() {
	if f := s.filter; s.hold.headers && f.holding == holdingUnknown {
		f.settle(holdingWorks)
	}
}

// settle ends the search.
func (f *Filter) settle(found holding) {
	f.holding = found
	f.host.SetTickPeriod(TickPeriod)
}

// unhold takes the request from those that are held.
func (s *Stream) unhold() {
	if s.hold.place == 0 {
		return
	}
	f, last := s.filter, len(s.filter.held)-1
	f.held[s.hold.place-1] = f.held[last]
	f.held[s.hold.place-1].hold.place = s.hold.place
	f.held[last] = nil
	f.held, s.hold.place = f.held[:last], 0
	if last == 0 && f.holding == holdingUnknown {
		f.host.SetTickPeriod(TickPeriod)
	}
}

// tickHeld lets go of requests that are held for nothing any more. It tells whether the tick
// is for the others, too.
func (f *Filter) tickHeld() bool {
	now, probing := f.host.Now(), f.holding == holdingUnknown
	if probing && f.hidesBodies(now) {
		f.settle(holdingMissing)
		f.host.Warn("gatewarden: the proxy does not show a request's body while its headers are held, " +
			"so the service receives the headers of requests that are refused because of their body; " +
			"write allow_on_headers_stop_iteration: true in Envoy's PluginConfig, beside vm_config")
	}
	for i := len(f.held) - 1; i >= 0; i-- {
		s := f.held[i]
		if f.holding == holdingMissing || s.hold.refused && now-s.hold.since >= longestHold {
			f.host.Attend(s.ID)
			s.letGo()
		}
	}
	f.probes++
	return !probing || f.probes%(TickPeriod/probePeriod) == 0
}

// hidesBodies tells whether a body has come that the filter was not shown. A proxy that does
// not count bytes is believed to hide them if nothing was shown for some time.
func (f *Filter) hidesBodies(now int64) bool {
	for _, s := range f.held {
		f.host.Attend(s.ID)
		arrived, counts := f.arrived()
		if arrived > s.hold.arrived || !counts && now-s.hold.since >= longestHold {
			return true
		}
	}
	return false
}

// arrived returns how many bytes of the current request have come, and whether the proxy
// counts them.
func (f *Filter) arrived() (bytes uint64, counts bool) {
	raw := f.host.Property("request\x00total_size")
	if len(raw) != 8 {
		return 0, false
	}
	return uint64(proxy.ReadWord(raw)) | uint64(proxy.ReadWord(raw[4:]))<<32, true
}

// letGo decides about a held request without its body, or lets its headers go on where the
// proxy cannot hold them.
func (s *Stream) letGo() {
	s.unhold()
	waitsForForm := !s.hold.held
	s.hold.headers, s.hold.held = false, false
	if s.hold.refused {
		s.hold.refused, s.hold.readable = false, false
	}
	if waitsForForm || s.check() == proxy.Continue {
		s.filter.host.Resume()
	}
}
