package proxywasm

import "github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

// HTTPCallContext is what a plugin context that sends HTTP calls implements, too. The
// SDK would call a function that was passed along with the call. Here the context gets
// the call's number and knows itself what the call was for, so that the response is
// delivered even if the stream has ended in the meantime.
type HTTPCallContext interface {
	// OnHttpCallResponse is called when the response to an HTTP call has arrived, or
	// when the call has failed.
	OnHttpCallResponse(number uint32, numHeaders, bodySize, numTrailers int)
}

// GRPCContext is what a plugin context that makes gRPC calls implements, too. The SDK has
// no such calls.
type GRPCContext interface {
	// OnGRPCReceive is called when the answer to a gRPC call has arrived.
	OnGRPCReceive(number uint32, size int)
	// OnGRPCClose is called when a gRPC call has ended without an answer, with its status
	// of gRPC.
	OnGRPCClose(number, status uint32)
}

var vmContext types.VMContext = &types.DefaultVMContext{}

// SetVMContext registers the plugin. It belongs into an init function: the proxy
// does not call main.
func SetVMContext(vm types.VMContext) { vmContext = vm }

// The contexts that the proxy created, by number. While streams of one plugin
// configuration go on, another may already have replaced it.
var (
	plugins = map[uint32]types.PluginContext{}
	streams streamTable
)

// results holds the results of host calls. Each callback but contextCreate, which
// makes no host call, begins by taking the memory back.
var results arena

func vmStart(size uint32) bool {
	results.reset()
	return bool(vmContext.OnVMStart(int(size)))
}

func contextCreate(id, parent uint32) {
	if parent == 0 {
		plugins[id] = vmContext.NewPluginContext(id)
		return
	}
	p := plugins[parent]
	if p == nil {
		return
	}
	if s := p.NewHttpContext(id); s != nil {
		streams.add(id, s)
	}
}

func configure(id, size uint32) bool {
	results.reset()
	p := plugins[id]
	return p != nil && bool(p.OnPluginStart(int(size)))
}

func tick(id uint32) {
	results.reset()
	if p := plugins[id]; p != nil {
		p.OnTick()
	}
}

// done ends a context for good: proxy_on_delete, which would follow, is not exported.
func done(id uint32) bool {
	results.reset()
	if s := streams.find(id); s != nil {
		streams.remove(id)
		s.OnHttpStreamDone()
		return true
	}
	p := plugins[id]
	if p == nil {
		return true
	}
	delete(plugins, id)
	return p.OnPluginDone()
}

func requestHeaders(id, n uint32, end bool) types.Action {
	results.reset()
	s := streams.find(id)
	if s == nil {
		return types.ActionContinue
	}
	trapIfAsked()
	return s.OnHttpRequestHeaders(int(n), end)
}

func requestBody(id, size uint32, end bool) types.Action {
	results.reset()
	if s := streams.find(id); s != nil {
		return s.OnHttpRequestBody(int(size), end)
	}
	return types.ActionContinue
}

func requestTrailers(id, n uint32) types.Action {
	results.reset()
	if s := streams.find(id); s != nil {
		return s.OnHttpRequestTrailers(int(n))
	}
	return types.ActionContinue
}

func responseHeaders(id, n uint32, end bool) types.Action {
	results.reset()
	if s := streams.find(id); s != nil {
		return s.OnHttpResponseHeaders(int(n), end)
	}
	return types.ActionContinue
}

func responseBody(id, size uint32, end bool) types.Action {
	results.reset()
	if s := streams.find(id); s != nil {
		return s.OnHttpResponseBody(int(size), end)
	}
	return types.ActionContinue
}

func responseTrailers(id, n uint32) types.Action {
	results.reset()
	if s := streams.find(id); s != nil {
		return s.OnHttpResponseTrailers(int(n))
	}
	return types.ActionContinue
}

func httpCallResponse(id, number, headers, body, trailers uint32) {
	results.reset()
	if p, ok := plugins[id].(HTTPCallContext); ok {
		p.OnHttpCallResponse(number, int(headers), int(body), int(trailers))
	}
}

func grpcReceive(id, number, size uint32) {
	results.reset()
	if p, ok := plugins[id].(GRPCContext); ok {
		p.OnGRPCReceive(number, int(size))
	}
}

func grpcClose(id, number, status uint32) {
	results.reset()
	if p, ok := plugins[id].(GRPCContext); ok {
		p.OnGRPCClose(number, status)
	}
}
