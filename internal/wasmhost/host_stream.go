package wasmhost

import (
	"maps"
	"slices"
)

// The host functions of a stream. What Envoy does is in
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc

// readMap returns a map for reading, nil if there is none at this point.
//
// Envoy forgets a map as soon as the callback that was called for it has
// answered Continue. While the stream is logged all of them but the request's
// trailers are there.
func (h *Host) readMap(t MapType) *headerMap {
	if t == CallResponseHeaders || t == CallResponseTrailers {
		return h.answerMap(t)
	}
	s := h.stream()
	switch {
	case s == nil || t > ResponseTrailers:
		return nil
	case s.logging && t == RequestTrailers:
		return nil
	case s.logging:
		return s.maps[t]
	}
	return s.visible[t]
}

func (h *Host) writeMap(t MapType) *headerMap {
	s := h.stream()
	if s == nil || t > ResponseTrailers {
		return nil
	}
	return s.visible[t]
}

// HeaderMapValue returns the first line of a name.
func (h *Host) HeaderMapValue(t MapType, name string) (string, Status) {
	if t > maxMapType {
		return "", BadArgument
	}
	m := h.readMap(t)
	if m == nil {
		if s := h.stream(); s != nil && s.logging {
			return "", NotFound
		}
		return "", BadArgument
	}
	value, ok := m.get(name)
	if !ok {
		return "", NotFound
	}
	return value, OK
}

// HeaderMapPairs returns all lines. A map that is not there has none.
func (h *Host) HeaderMapPairs(t MapType) ([][2]string, Status) {
	if t > maxMapType {
		return nil, BadArgument
	}
	return h.readMap(t).list(), OK
}

// AddHeaderMapValue adds a line.
func (h *Host) AddHeaderMapValue(t MapType, name, value string) Status {
	return h.changeMap(t, func(m *headerMap) { m.add(name, value) })
}

// ReplaceHeaderMapValue leaves one line of that name.
func (h *Host) ReplaceHeaderMapValue(t MapType, name, value string) Status {
	return h.changeMap(t, func(m *headerMap) { m.replace(name, value) })
}

// RemoveHeaderMapValue removes all lines of a name; there need not be any.
func (h *Host) RemoveHeaderMapValue(t MapType, name string) Status {
	return h.changeMap(t, func(m *headerMap) { m.remove(name) })
}

// SetHeaderMapPairs puts other lines in place of all.
func (h *Host) SetHeaderMapPairs(t MapType, pairs [][2]string) Status {
	return h.changeMap(t, func(m *headerMap) { *m = *newHeaderMap(m.joins, pairs...) })
}

// HeaderMapSize returns the bytes of all names and values.
func (h *Host) HeaderMapSize(t MapType) (int, Status) {
	m := h.writeMap(t)
	if m == nil {
		return 0, BadArgument
	}
	n := 0
	for _, p := range m.pairs {
		n += len(p[0]) + len(p[1])
	}
	return n, OK
}

func (h *Host) changeMap(t MapType, change func(*headerMap)) Status {
	m := h.writeMap(t)
	if m == nil {
		return BadArgument
	}
	change(m)
	return OK
}

// buffer returns what a guest may read; ok is false for a buffer that does not
// exist at all, not for an empty one.
func (h *Host) buffer(t BufferType) (content []byte, ok bool) {
	switch t {
	case VMConfiguration:
		return h.options.VMConfig, true
	case PluginConfiguration:
		return h.options.PluginConfig, h.starting
	case CallResponseBody:
		if a := h.callouts.answered; a != nil {
			return slices.Concat(a.Body...), true
		}
		return nil, true
	case GRPCReceiveBuffer:
		return h.grpc.received, true
	case RequestBody, ResponseBody:
		if b := h.body(t); b != nil {
			return *b, true
		}
		return nil, true
	}
	return nil, false
}

// body returns the bytes that the guest may see and change, nil if there are
// none at this point.
func (h *Host) body(t BufferType) *[]byte {
	s := h.stream()
	switch {
	case s == nil:
		return nil
	case t == RequestBody:
		return s.request.view
	}
	return s.response.view
}

// BufferBytes returns at most length bytes from start. Where the buffer is
// shorter there is less, down to nothing, without an error.
func (h *Host) BufferBytes(t BufferType, start, length int) ([]byte, Status) {
	if t > maxBufferType {
		return nil, BadArgument
	}
	content, ok := h.buffer(t)
	if !ok {
		return nil, NotFound
	}
	if start < 0 || length < 0 {
		return nil, BadArgument
	}
	start = min(start, len(content))
	return slices.Clone(content[start:min(start+length, len(content))]), OK
}

// BufferSize returns the length of a buffer.
func (h *Host) BufferSize(t BufferType) (int, Status) {
	if t > maxBufferType {
		return 0, BadArgument
	}
	content, ok := h.buffer(t)
	if !ok {
		return 0, NotFound
	}
	return len(content), OK
}

// SetBufferBytes changes a body: start 0 and length 0 puts data in front, start
// 0 and the whole length replaces, a start at or behind the end appends; no
// other range can be changed.
func (h *Host) SetBufferBytes(t BufferType, start, length int, data []byte) Status {
	if t > maxBufferType {
		return BadArgument
	}
	if _, ok := h.buffer(t); !ok {
		return NotFound
	}
	b := h.body(t)
	switch {
	case t != RequestBody && t != ResponseBody || b == nil:
		return BadArgument
	case start == 0 && length == 0:
		*b = append(slices.Clone(data), *b...)
	case start == 0 && length >= len(*b):
		*b = slices.Clone(data)
	case start != 0 && start >= len(*b):
		*b = append(*b, data...)
	default:
		return BadArgument
	}
	return OK
}

// SendLocalResponse answers the stream in place of the upstream, once the
// running callback has returned. Outside of a stream it does nothing. While the
// stream is logged it is too late: Envoy crashes then, and here the VM traps.
func (h *Host) SendLocalResponse(code int, details string, body []byte, headers [][2]string, grpcStatus int32) Status {
	h.stopped = true
	s := h.stream()
	if s == nil {
		return OK
	}
	if s.logging {
		panic("a local reply in proxy_on_log crashes Envoy")
	}
	reply := localReply{code: code, details: details, body: slices.Clone(body),
		headers: slices.Clone(headers), grpcStatus: grpcStatus}
	h.deferred = append(h.deferred, func() { s.reply(reply) })
	return OK
}

// ContinueStream resumes a paused direction, once the running callback has
// returned. The request's maps, and a body that is not buffered, cannot be read any
// more after it.
func (h *Host) ContinueStream(t StreamType) Status {
	switch {
	case t > maxStreamType:
		return BadArgument
	case t > ResponseStream:
		return Unimplemented
	}
	s := h.stream()
	if s == nil {
		return OK
	}
	f := &s.request
	if t == ResponseStream {
		f = &s.response
	}
	h.deferred = append(h.deferred, f.resume)
	delete(s.visible, RequestHeaders)
	delete(s.visible, RequestTrailers)
	if !s.request.buffering {
		s.request.view = nil
	}
	return OK
}

// CloseStream resets the stream, once the running callback has returned.
func (h *Host) CloseStream(t StreamType) Status {
	if t > maxStreamType {
		return BadArgument
	}
	if s := h.stream(); s != nil && t <= ResponseStream {
		h.deferred = append(h.deferred, func() { s.reset("wasm_close_stream") })
	}
	return OK
}

// FilterState returns what the guest set by set_property in the stream that is
// current, by full key ("wasm." and the path).
func (h *Host) FilterState() map[string]string {
	if s := h.stream(); s != nil {
		return maps.Clone(s.filterState)
	}
	return nil
}
