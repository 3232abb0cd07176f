package wasmhost

import (
	"slices"
	"strconv"
	"time"

	"github.com/gatewarden/gatewarden/internal/hostform"
)

// A stream is one request and its response on their way through one VM.
type stream struct {
	id       uint32
	proxy    *Proxy
	host     *Host
	in       Request
	upstream Upstream
	started  time.Time

	maps     map[MapType]*headerMap // all maps of the stream
	visible  map[MapType]*headerMap // those that the guest can see now
	logging  bool
	request  flow
	response flow

	filterState map[string]string
	code        int
	details     string
	calls       Calls

	explained bool        // details are set, maybe to nothing
	pending   *localReply // a reply to be sent when the callback's host calls are done
	local     bool        // the filter answered
	replaced  bool        // ... in place of response headers that were on their way
	encoded   bool        // response headers went out
	finished  bool        // the response is complete
	gone      bool        // the stream was reset or the client went away
	failReply bool        // the 503 of a dead VM was sent
	out       Result
}

func (p *Proxy) open(in Request, upstream Upstream) *stream {
	p.host.lastID++
	s := &stream{
		id: p.host.lastID, proxy: p, host: p.host, in: in.withDefaults(), upstream: upstream,
		started:     p.host.process.Clock.Realtime(),
		maps:        map[MapType]*headerMap{},
		visible:     map[MapType]*headerMap{},
		filterState: map[string]string{},
		calls:       newCalls(),
	}
	s.maps[RequestHeaders] = s.in.headerMap()
	s.request = flow{filter: requestFilter{s}, next: router{s}, closed: func() bool {
		return s.local || s.gone
	}}
	s.response = flow{filter: responseFilter{s}, next: client{s}, closed: func() bool {
		return s.replaced || s.gone
	}}
	p.host.streams[s.id] = s
	return s
}

// run sends the request in, frame by frame, as far as it is taken.
func (s *stream) run() {
	s.ask(OnContextCreate, func(g Guest) error { return g.OnContextCreate(s.id, rootID) })
	in := &s.in
	s.request.headers(len(in.Body) == 0 && len(in.Trailers) == 0)
	if in.AbortAfter == AfterRequestHeaders && !s.finished {
		s.clientLeaves()
	}
	frames(&s.request, in.Body, len(in.Trailers) > 0, in.EndsWithData)
	if len(in.Trailers) > 0 {
		s.maps[RequestTrailers] = newHeaderMap(nil, in.Trailers...)
		s.request.trailers()
	}
}

// ensureEnd notes that a stream would wait for ever.
func (s *stream) ensureEnd() {
	if !s.finished && !s.gone {
		s.out.Hung = true
		s.clientLeaves()
	}
}

// frames gives a body to a flow. The end of the stream is a frame of its own in
// HTTP/1.1.
func frames(f *flow, body [][]byte, trailers, endsWithData bool) {
	for i, chunk := range body {
		last := i == len(body)-1 && !trailers
		chunk = slices.Clone(chunk)
		if last && endsWithData {
			f.data(chunk, true)
			continue
		}
		if len(chunk) > 0 {
			f.data(chunk, false)
		}
		if last {
			f.data(nil, true)
		}
	}
}

// close tells the guest that the stream is over, in Envoy's order: the access
// log is written before the filters are destroyed.
func (s *stream) close() Result {
	s.logging = true
	s.ask(OnLog, func(g Guest) error { return g.OnLog(s.id) })
	s.logging = false
	clear(s.visible)
	s.ask(OnDone, func(g Guest) error { _, err := g.OnDone(s.id); return err })
	s.ask(OnDelete, func(g Guest) error { return g.OnDelete(s.id) })
	delete(s.host.streams, s.id)

	s.out.Local = s.local
	s.out.Details = s.details
	s.out.FilterState = s.filterState
	s.out.Calls, s.out.WASI = s.calls.Host, s.calls.WASI
	return s.out
}

// ask calls the guest if it has the callback and is alive, and tells whether
// the callback sent a local reply.
func (s *stream) ask(callback Callback, f func(Guest) error) (stopped bool) {
	if s.proxy.trapped != nil || !s.proxy.guest.Exports(callback) {
		return false
	}
	stopped, err := s.host.call(s.id, func() error { return f(s.proxy.guest) })
	if err != nil {
		s.proxy.trapped = err
		s.out.Trapped = err
	}
	return stopped
}

// failed answers for a dead VM: the stream gets a 503, once. See
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/context.cc
// (CHECK_FAIL)
func (s *stream) failed() bool {
	if s.proxy.trapped == nil {
		return false
	}
	if !s.failReply {
		s.failReply = true
		s.reply(localReply{code: 503, details: "wasm_fail_stream", grpcStatus: 14})
		s.host.sendReplies()
	}
	return true
}

func (s *stream) clientLeaves() {
	s.gone = true
	if !s.explained || s.in.AbortAfter != "" {
		s.explain("downstream_remote_disconnect")
	}
}

// reset cuts the stream off.
func (s *stream) reset(details string) {
	if s.finished || s.gone {
		return
	}
	s.gone = true
	s.out.Reset = true
	if !s.explained {
		s.explain(details)
	}
}

// explain sets the response code details.
func (s *stream) explain(details string) { s.details, s.explained = details, true }

// respond lets the upstream answer the request that it has got.
func (s *stream) respond() {
	s.out.ReachedUpstream = true
	if s.upstream == nil {
		s.upstream = func(Request) Response { return Response{} }
	}
	r := s.upstream(s.out.UpstreamRequest)
	if r.Status == 0 {
		r.Status = 200
	}
	if r.Details == "" {
		r.Details = "via_upstream"
	}
	s.code = r.Status
	s.explain(r.Details)
	if s.in.Method == "HEAD" {
		r.Body, r.Trailers = nil, nil
	}
	headers := newHeaderMap(hostform.ResponseJoins, [2]string{":status", strconv.Itoa(r.Status)})
	for _, p := range r.Headers {
		headers.add(p[0], p[1])
	}
	s.maps[ResponseHeaders] = headers
	s.response.headers(len(r.Body) == 0 && len(r.Trailers) == 0)
	if s.in.AbortAfter == AfterResponseHeaders && !s.finished {
		s.clientLeaves()
	}
	frames(&s.response, r.Body, len(r.Trailers) > 0, r.EndsWithData)
	if len(r.Trailers) > 0 {
		s.maps[ResponseTrailers] = newHeaderMap(nil, r.Trailers...)
		s.response.trailers()
	}
}

// router is what comes behind the filter on the way in.
type router struct{ *stream }

func (r router) headers(end bool) {
	r.out.UpstreamSawHeaders = true
	r.out.UpstreamRequest.setHeaders(r.maps[RequestHeaders].clone())
	if end {
		r.respond()
	}
}

func (r router) data(b []byte, end bool) {
	if len(b) > 0 {
		r.out.UpstreamRequest.Body = append(r.out.UpstreamRequest.Body, b)
	}
	if end {
		r.respond()
	}
}

func (r router) trailers() {
	r.out.UpstreamRequest.Trailers = r.maps[RequestTrailers].list()
	r.respond()
}

// client is what comes behind the filter on the way out.
type client struct{ *stream }

func (c client) headers(end bool) {
	m := c.maps[ResponseHeaders]
	status, _ := m.get(":status")
	c.out.Status, _ = strconv.Atoi(status)
	c.code = c.out.Status
	// HTTP/1.1 has to say that nothing follows.
	if _, told := m.get("content-length"); end && !told && c.in.Method != "HEAD" && c.code >= 200 && c.code != 204 && c.code != 304 {
		m = m.clone()
		m.add("content-length", "0")
	}
	c.out.Headers = slices.DeleteFunc(m.list(), func(p [2]string) bool { return p[0] == ":status" })
	c.encoded, c.finished = true, end
}

func (c client) data(b []byte, end bool) {
	c.out.Body = append(c.out.Body, b...)
	c.finished = end
}

func (c client) trailers() {
	c.out.Trailers = c.maps[ResponseTrailers].list()
	c.finished = true
}
