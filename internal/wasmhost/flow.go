package wasmhost

// A flow is one direction of a stream on its way through the filter: Envoy's
// filter manager for a chain of one filter. Frames come in by headers, data and
// trailers, the filter is asked, and what it lets go on is given to next.
//
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/common/http/filter_manager.cc
// (ActiveStreamFilterBase)
type flow struct {
	filter asked
	next   sink
	// closed tells whether the direction has ended early: what comes is dropped.
	closed func() bool

	iteration   iteration
	headersGone bool    // the headers were given to next
	held        []byte  // body bytes waiting for the filter
	holding     bool    // held is in use, maybe with no byte in it
	buffering   bool    // the filter buffers: its next callback sees all bytes held
	complete    bool    // the end has come in
	trailered   bool    // trailers have come in
	view        *[]byte // the body bytes that the guest may see
	received    int     // body bytes that have come in
}

// asked is the filter's side of a flow.
type asked interface {
	onHeaders(end bool) verdict
	onData(size int, end bool) verdict
	onTrailers() verdict
}

// sink is what comes behind the filter.
type sink interface {
	headers(end bool)
	data(b []byte, end bool)
	trailers()
}

type iteration int

const (
	iterating  iteration = iota
	stoppedOne           // this kind of frame is held, others are still shown to the filter
	stoppedAll           // nothing is shown to the filter
)

type verdict int

const (
	goOn       verdict = iota
	stop               // for data: and buffer
	stopStream         // for data: and buffer, but show only what is new
	stopAll            // for headers: and do not show what follows
	stopDrop           // for data: and forget it
)

func (f *flow) headers(end bool) {
	f.complete = end
	v := f.filter.onHeaders(end)
	switch {
	case f.closed():
	case v == goOn:
		f.headersGone = true
		f.next.headers(end)
	case v == stop:
		f.iteration = stoppedOne
	default:
		f.iteration = stoppedAll
	}
}

func (f *flow) data(b []byte, end bool) {
	if f.closed() {
		return
	}
	f.received += len(b)
	f.complete = f.complete || end
	if f.iteration == stoppedAll {
		f.hold(b)
		return
	}
	f.offer(b, end)
}

// offer shows data to the filter. One that buffers sees all that is held.
func (f *flow) offer(b []byte, end bool) {
	f.view = &b
	if f.buffering {
		f.hold(b)
		b = nil
		f.view = &f.held
	}
	v := f.filter.onData(len(*f.view), end)
	f.buffering = v == stop
	if f.closed() {
		return
	}
	switch v {
	case goOn:
		f.view = nil
		if f.iteration == stoppedOne {
			f.hold(b)
			f.resume()
			return
		}
		f.next.data(b, end)
	case stop, stopStream:
		f.iteration = stoppedOne
		f.hold(b)
		if v == stopStream {
			f.view = nil // in Envoy it leads to memory that is no more
		}
	default:
		f.iteration = stoppedOne
	}
}

func (f *flow) trailers() {
	if f.closed() {
		return
	}
	f.complete, f.trailered = true, true
	if f.iteration == stoppedAll {
		return
	}
	f.offerTrailers()
}

// offerTrailers shows that the filter has trailers. Continue, which is also the
// answer of a filter without that callback, lets go of everything that was held:
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/common/http/filter_manager.cc
// (commonHandleAfterTrailersCallback)
func (f *flow) offerTrailers() {
	v := f.filter.onTrailers()
	switch {
	case f.closed():
	case v != goOn:
		f.iteration = stoppedOne
	case f.iteration == stoppedOne:
		f.resume()
	default:
		f.next.trailers()
	}
}

func (f *flow) hold(b []byte) {
	f.holding = true
	f.held = append(f.held, b...)
}

// resume lets go of what is held. After a stop of all kinds of frames the
// filter is shown the body and the trailers that have come in since.
func (f *flow) resume() {
	if f.iteration == iterating || f.closed() {
		return
	}
	all := f.iteration == stoppedAll
	f.iteration = iterating
	if !f.headersGone {
		f.headersGone = true
		f.next.headers(f.complete && !f.holding && !f.trailered)
	}
	if f.holding && !f.closed() {
		b := f.held
		f.held, f.holding, f.buffering = nil, false, false
		end := f.complete && !f.trailered
		if all {
			f.offer(b, end)
		} else {
			f.next.data(b, end)
		}
	}
	switch {
	case !f.trailered || f.closed() || f.iteration != iterating:
	case all:
		f.offerTrailers()
	default:
		f.next.trailers()
	}
}
