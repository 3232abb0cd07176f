//go:build wasip1

package main

import (
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/internal/arena"
)

// The callbacks of the proxy, which exports_stdgo.go and exports_tinygo.go export:
// only those that the filter needs, because each one that is exported is called
// for every stream, and costs it about as much as a host call.
// See https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.0

// The contexts that the proxy made, by their number. A configuration may have been
// replaced by another while streams of it go on.
var (
	plugins = map[uint32]*plugin{}
	streams = map[uint32]*stream{}
	// requests are those to operations endpoints, by their plugins.
	requests = map[uint32]*plugin{}
)

// results is the memory of the host calls' results. They are gone when the next
// callback begins.
var results arena.Arena

func contextCreate(id, parent uint32) {
	if parent == 0 {
		plugins[id] = &plugin{}
		return
	}
	switch p := plugins[parent]; {
	case p == nil:
	case p.operations != nil:
		requests[id] = p
	default:
		streams[id] = p.newStream(id)
	}
}

func configure(id, size uint32) bool {
	results.Reset()
	p := plugins[id]
	return p != nil && p.configure(int(size))
}

func tick(id uint32) {
	results.Reset()
	if p := plugins[id]; p != nil {
		p.tick()
	}
}

// done ends a context for good: the proxy deletes it right after.
func done(id uint32) {
	results.Reset()
	if s := streams[id]; s != nil {
		delete(streams, id)
		s.done()
		return
	}
	delete(requests, id)
	if p := plugins[id]; p != nil {
		delete(plugins, id)
		p.flush()
	}
}

func requestHeaders(id uint32, end bool) filter.Action {
	results.Reset()
	s := streams[id]
	if s == nil {
		return answer(id)
	}
	trapIfAsked(&s.plugin.host)
	return s.RequestHeaders(&s.plugin.host, end)
}

// answer answers a request to an operations endpoint.
func answer(id uint32) filter.Action {
	p := requests[id]
	if p == nil {
		return filter.Continue
	}
	p.operations.Answer(&p.host)
	return filter.Pause
}

func requestBody(id, size uint32, end bool) filter.Action {
	results.Reset()
	s := streams[id]
	if s == nil {
		return filter.Continue
	}
	return s.RequestBody(&s.plugin.host, int(size), end)
}

func requestTrailers(id uint32) filter.Action {
	results.Reset()
	s := streams[id]
	if s == nil {
		return filter.Continue
	}
	return s.RequestTrailers(&s.plugin.host)
}

func responseHeaders(id uint32, end bool) {
	results.Reset()
	if s := streams[id]; s != nil {
		s.ResponseHeaders(&s.plugin.host, end)
	}
}

func responseBody(id, size uint32, end bool) {
	results.Reset()
	if s := streams[id]; s != nil {
		s.ResponseBody(&s.plugin.host, int(size), end)
	}
}

func responseTrailers(id uint32) {
	results.Reset()
	if s := streams[id]; s != nil {
		s.ResponseTrailers(&s.plugin.host)
	}
}

// httpCallResponse is the answer to a call that a plugin made.
func httpCallResponse(id, number, size uint32) {
	results.Reset()
	if p := plugins[id]; p != nil && p.filter != nil {
		p.filter.Answered(&p.host, number, int(size))
	}
}
